// Dials an outbound preview record and follows the call to its end, through restarts and broken connections.
//
// node dist/examples/dial_and_follow.js [NUMBER]    DIALBRIDGE_ADDRESS, DIALBRIDGE_USER, DIALBRIDGE_PASSWORD
import { CallState, Client, Credentials, plaintext, ReleaseCause } from "dialbridge";

async function dialAndFollow(client: Client, number: string): Promise<void> {
  const [device] = (await client.currentUser()).devices;
  const record = { recordHandle: 431n, phoneNumber: number };
  const dialled = await client.dial(device.id, record); // safe to repeat: it has a request id of its own
  const only = { callIds: [dialled.call!.id] };
  for await (const event of client.watch({ only, resumeToken: dialled.resumeToken })) {
    switch (event.type) {
      case "changed":
        console.log(CallState[event.call.state], ReleaseCause[event.call.releaseCause]);
        if (event.call.state === CallState.CALL_STATE_RELEASED) return;
        break;
      case "replaced": // the token was too old: this is all that is known now
        console.log("calls now:", event.calls.length);
        if (event.calls.length === 0) return;
        break;
      case "interrupted":
        console.error(`interrupted (${event.error.message}), again in ${event.pauseMs} ms`);
    }
  }
}

const { DIALBRIDGE_ADDRESS, DIALBRIDGE_USER, DIALBRIDGE_PASSWORD } = process.env;
const client = new Client(DIALBRIDGE_ADDRESS ?? "127.0.0.1:50051", {
  credentials: Credentials.basic(DIALBRIDGE_USER ?? "agent1", DIALBRIDGE_PASSWORD ?? "demo"),
  channel: plaintext(), // without it, TLS
});
try {
  await dialAndFollow(client, process.argv[2] ?? "5004");
} finally {
  client.close();
}
