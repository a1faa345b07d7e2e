import { randomUUID } from "node:crypto";
import { View } from "../../display/display";
import { readHelloRequest, type GreetReply } from "../../protocol/hello/messages";
import { HELLO_MIME, type HelloPayload } from "../../protocol/hello/payload";
import { keepLive } from "../live";

/** Greets, and again whenever the reader asks: `view.hello("World")`. */
export function hello(name: string): View {
  const payload: HelloPayload = { version: 1, view: randomUUID(), name };
  let times = 0;
  keepLive({
    id: payload.view,
    serve: (request, channel) => {
      readHelloRequest(request);
      const reply: GreetReply = { type: "greet", words: `Hello for the ${++times}. time, ${name}!` };
      channel.send(reply);
    },
  });
  return new View({ [HELLO_MIME]: { ...payload }, "text/plain": `Hello, ${name}!` });
}
