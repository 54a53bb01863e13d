// The official Node CometD server behind the fake's own HTTP edge. It takes orders as JSON lines on stdin
// ({"deliver":{user,channel,data}}, {"queued":user,"id":n}: how many events each session of the user was given), says its
// port and answers on stdout, and ends with stdin.
import http from "node:http";
import readline from "node:readline";
import cometd from "cometd-nodejs-server";

const options = JSON.parse(process.argv[2] ?? "{}");
const server = cometd.createCometDServer(options);
const users = new Map(); // session -> user; the edge has checked who it is and says so in a header
const queued = new Map(); // session -> events so far
const say = (fact) => process.stdout.write(JSON.stringify(fact) + "\n");

server.policy = {
  canHandshake(session, message, callback) {
    const headers = server.context.request.headers;
    if (headers["x-gws-refuse"] || !headers["x-gws-user"]) {
      callback(null, false);
      return;
    }
    users.set(session, headers["x-gws-user"]);
    session.addListener("removed", () => {
      users.delete(session);
      queued.delete(session);
    });
    callback(null, true);
  },
  canSubscribe(session, message, channel, callback) {
    callback(null, !channel.meta);
  },
  canPublish(session, message, channel, callback) {
    callback(null, false);
  },
};

function deliver({ user, channel: name, data }) {
  const channel = server.getServerChannel(name) ?? server.createServerChannel(name);
  const names = new Set([name, ...channel.wildNames]);
  for (const [session, owner] of users) {
    if (owner === user && session.subscriptions.some((one) => names.has(one.name))) {
      session.deliver(null, name, data);
      queued.set(session, (queued.get(session) ?? 0) + 1);
    }
  }
}

function count(user, id) {
  const counts = [...queued].filter(([session]) => users.get(session) === user);
  say({ id, queued: Object.fromEntries(counts.map(([session, events]) => [session.id, events])) });
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const order = JSON.parse(line);
  if (order.deliver) {
    deliver(order.deliver);
  } else {
    count(order.queued, order.id);
  }
}).on("close", () => process.exit(0));

const web = http.createServer(server.handle);
web.listen(0, "127.0.0.1", () => say({ port: web.address().port }));
