import { object, oneOf, text } from "../core/check";

export const HELLO_MIME = "application/vnd.fovea.hello.v1+json";

export interface HelloPayload {
  version: 1;
  /** Names the live view in the kernel that made it. */
  view: string;
  name: string;
}

const payload = object<HelloPayload>({ version: oneOf<1>([1]), view: text(100), name: text(100) });

/** @throws ProtocolError naming the first path that breaks the format. */
export function readHello(value: unknown, where = "hello view"): HelloPayload {
  return payload(value, "", where);
}
