// The official CometD server for Node, which publishes one message for each line on its control connection.
import http from "node:http";
import net from "node:net";
import cometd from "cometd-nodejs-server";

const data = { filler: "x".repeat(Number(process.argv[2] ?? 860)) };
const bayeux = cometd.createCometDServer({ timeout: 30000, maxInterval: 30000 });
const server = http.createServer(bayeux.handle);
const channel = bayeux.createServerChannel("/bench");
const control = net.createServer((socket) => {
  socket.on("error", () => {});
  socket.on("data", (lines) => {
    for (const byte of lines) if (byte === 10) channel.publish(null, data);
  });
});
server.listen(0, "127.0.0.1", () =>
  control.listen(0, "127.0.0.1", () =>
    console.log(JSON.stringify({
      http: `127.0.0.1:${server.address().port}`, control: `127.0.0.1:${control.address().port}`,
    })),
  ),
);
process.stdin.resume().on("end", () => process.exit(0));
