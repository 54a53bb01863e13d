// One session of the official CometD client, told what to do by lines of JSON on standard input, telling what happens on standard output.
//
//   node cometd_session.mjs URL TRANSPORT AUTHORIZATION
//
// commands: {"do":"extend"} {"do":"handshake"} {"do":"subscribe","channel":…} {"do":"batch","channels":[…]} {"do":"disconnect"}
import readline from 'node:readline';
import { adapt } from 'cometd-nodejs-client';

adapt();
const { CometD } = await import('cometd');
const { AckExtension } = await import('cometd/AckExtension.js');

const [url, transport, authorization] = process.argv.slice(2);
const tell = (fact) => process.stdout.write(JSON.stringify(fact) + '\n');
const client = new CometD();
for (const name of client.getTransportTypes()) {
  if (name !== transport) client.unregisterTransport(name);
}
client.configure({
  url,
  requestHeaders: { Authorization: authorization },
  backoffIncrement: 100,
  maxBackoff: 500,
  logLevel: 'error',
});
const wanted = new Set();
const subscribe = (channel) =>
  client.subscribe(channel, (message) => tell({ event: message.channel, data: message.data }), (reply) =>
    tell({ subscribed: channel, successful: reply.successful, error: reply.error ?? null }));
// Subscriptions live in the session: after a new handshake the application asks for them again.
client.addListener('/meta/handshake', (reply) => {
  tell({ handshake: reply.successful, error: reply.error ?? null, ext: reply.ext ?? null });
  if (reply.successful) client.batch(() => wanted.forEach(subscribe));
});
client.addListener('/meta/connect', (reply) => tell({ connect: reply.successful }));
client.addListener('/meta/disconnect', (reply) => tell({ disconnect: reply.successful }));

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const command = JSON.parse(line);
  switch (command.do) {
    case 'extend': client.registerExtension('ack', new AckExtension()); break;
    case 'handshake': client.handshake(); break;
    case 'subscribe': wanted.add(command.channel); subscribe(command.channel); break;
    case 'batch': client.batch(() => command.channels.forEach((each) => { wanted.add(each); subscribe(each); })); break;
    case 'disconnect': client.disconnect(() => { tell({ over: true }); process.exit(0); }); break;
    default: throw new Error(`unknown command ${line}`);
  }
}).on('close', () => process.exit(0));
