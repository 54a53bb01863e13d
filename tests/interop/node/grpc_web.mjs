// The official Connect client speaks gRPC-Web to the bridge: dials, follows the call, hangs up; tells each step as a line of JSON.
//
//   node grpc_web.mjs URL DESCRIPTORS AUTHORIZATION DEVICE NUMBER        or, in a browser, import { session } from it
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { createClient, ConnectError } from '@connectrpc/connect';
import { createGrpcWebTransport } from '@connectrpc/connect-web';

export async function session({ url, descriptors, authorization, device, number, tell }) {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptors));
  const transport = createGrpcWebTransport({ baseUrl: url, useBinaryFormat: true });
  const calls = createClient(registry.getService('dialbridge.v1.CallService'), transport);
  const options = { headers: { authorization } };
  try {
    await calls.dial({ deviceId: device }, options);
  } catch (error) {
    tell({ refused: ConnectError.from(error).code, text: ConnectError.from(error).rawMessage });
  }
  const { call, resumeToken } = await calls.dial(
    { deviceId: device, target: { case: 'destination', value: number } }, options);
  tell({ dialled: call.id });
  const start = { case: 'resumeToken', value: resumeToken };
  for await (const { message } of calls.watchCalls({ start }, options)) {
    if (message.case !== 'changes') continue;
    for (const { call } of message.value.statusChanges) {
      tell({ state: call.state });
      if (call.state === 3) await calls.hangup({ callId: call.id }, options);
      if (call.state === 5) return tell({ over: true });
    }
  }
}

if (typeof process !== 'undefined' && process.argv[1]?.endsWith('grpc_web.mjs')) {
  const { readFileSync } = await import('node:fs');
  const [url, descriptors, authorization, device, number] = process.argv.slice(2);
  const tell = (fact) => console.log(JSON.stringify(fact));
  await session({ url, descriptors: readFileSync(descriptors), authorization, device, number, tell });
  process.exit(0); // the stream that was left would keep the process
}
