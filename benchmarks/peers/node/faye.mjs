// A faye server that publishes one message for each line on its control connection.
import http from "node:http";
import net from "node:net";
import faye from "faye";

const data = { filler: "x".repeat(Number(process.argv[2] ?? 860)) };
const bayeux = new faye.NodeAdapter({ mount: "/cometd", timeout: 30 });
const server = http.createServer();
bayeux.attach(server);
const client = bayeux.getClient();
const control = net.createServer((socket) => {
  socket.on("error", () => {});
  socket.on("data", (lines) => {
    for (const byte of lines) if (byte === 10) client.publish("/bench", data);
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
