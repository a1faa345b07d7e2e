import { object, oneOf, text } from "../core/check";
import { REPLY, REQUEST, messageReader } from "../core/messages";

/** Browser to kernel: greet again. */
export interface GreetRequest {
  type: "greet";
}

/** Kernel to browser: the greeting. */
export interface GreetReply {
  type: "greet";
  words: string;
}

/** @throws ProtocolError */
export const readHelloRequest: (value: unknown) => GreetRequest = messageReader<GreetRequest>(REQUEST, {
  greet: object<GreetRequest>({ type: oneOf(["greet"]) }),
});

/** @throws ProtocolError */
export const readHelloReply: (value: unknown) => GreetReply = messageReader<GreetReply>(REPLY, {
  greet: object<GreetReply>({ type: oneOf(["greet"]), words: text(200) }),
});
