// A legacy client with the official CometD library, as it would be written for GWS: listens, dials a preview record by REST, follows
// the call to its end. Needs `npm install cometd cometd-nodejs-client`.
//
//   node cometd.mjs [NUMBER]        URL, USER_NAME and PASSWORD from the environment
import { adapt } from 'cometd-nodejs-client';

adapt(); // gives the library what a browser has
const { CometD } = await import('cometd');

const url = process.env.URL ?? 'http://127.0.0.1:8080/api/v2';
const Authorization =
  'Basic ' + Buffer.from(`${process.env.USER_NAME ?? 'agent1'}:${process.env.PASSWORD ?? 'demo'}`).toString('base64');
const number = process.argv[2] ?? '5002';

const cometd = new CometD();
cometd.unregisterTransport('websocket'); // as clients of GWS do
cometd.unregisterTransport('callback-polling');
cometd.configure({ url: `${url}/notifications`, requestHeaders: { Authorization } });

const ask = async (path, body) => {
  const response = await fetch(url + path, {
    method: body ? 'POST' : 'GET',
    headers: { Authorization, 'Content-Type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  return response.json();
};

cometd.handshake((reply) => {
  if (!reply.successful) {
    console.error('refused:', reply.error ?? reply.failure?.reason);
    process.exit(1);
  }
  cometd.subscribe('/v2/me/*', ({ data }) => {
    if (data.messageType !== 'CallStateChangeMessage') return;
    console.log(data.notificationType, data.call.id, data.call.state);
    if (data.call.state === 'Released') cometd.disconnect(() => process.exit(0));
  }, async () => {
    const { devices } = await ask('/me/devices?fields=*');
    const outboundRecord = { recordHandle: 431, phoneNumber: number, otherFields: {} };
    console.log(await ask(`/me/devices/${devices[0].id}/calls`, { operationName: 'Dial', outboundRecord }));
  });
});
