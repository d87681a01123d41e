// The AWS SDK for JavaScript v3 decodes a function's stream of events; prints one JSON object.
import { InvokeWithResponseStreamCommand, LambdaClient } from "@aws-sdk/client-lambda";

const said = { payload: "", complete: null };
const command = new InvokeWithResponseStreamCommand({ FunctionName: process.argv[2], LogType: "Tail", Payload: process.argv[3] });
const { EventStream } = await new LambdaClient({}).send(command);
for await (const { PayloadChunk, InvokeComplete } of EventStream) {
  if (PayloadChunk) said.payload += Buffer.from(PayloadChunk.Payload).toString();
  if (InvokeComplete) said.complete = InvokeComplete;
}
console.log(JSON.stringify(said));
