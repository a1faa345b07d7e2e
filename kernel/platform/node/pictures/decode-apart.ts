import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { RawImage } from "../../../contracts/pixels";
import type { DecodeSettings } from "../../types";
import type { ChildAnswer } from "./decode-child";

/** First bytes of formats whose decoding takes time in proportion to their pixels, and stops where it is told to. */
const STEADY = [
  [0xff, 0xd8, 0xff],
  [0x89, 0x50, 0x4e, 0x47],
  [0x47, 0x49, 0x46, 0x38],
  [0x52, 0x49, 0x46, 0x46],
  [0x49, 0x49],
  [0x4d, 0x4d],
  [0x42, 0x4d],
  [0x50],
];

/** Returns whether a picture may keep a decoder busy forever: a drawing with filters cannot be stopped inside of a process. */
export function needsProcess(bytes: Uint8Array): boolean {
  const isBoxed = String.fromCharCode(...bytes.subarray(4, 8)) === "ftyp";
  return !isBoxed && !STEADY.some((magic) => magic.every((byte, i) => bytes[i] === byte));
}

/** Decodes in a separate process, which is ended when its time is over. Throws plain errors. */
export async function decodeApart(bytes: Uint8Array, settings: DecodeSettings): Promise<RawImage> {
  const output = await runChild(bytes, settings);
  const end = output.indexOf(0x0a);
  const head = JSON.parse(
    output.toString("utf8", 0, Math.max(0, end)) || '{"error":"the decoder ended"}',
  ) as ChildAnswer;
  if ("error" in head) throw new Error(head.error);
  const data = new Uint8Array(output.subarray(end + 1));
  return { data, width: head.width, height: head.height, channels: 3 };
}

function runChild(bytes: Uint8Array, settings: DecodeSettings): Promise<Buffer> {
  const compiled = join(__dirname, "decode-child.js");
  const source = ["-r", require.resolve("tsx/cjs"), join(__dirname, "decode-child.ts")];
  const args = [...(existsSync(compiled) ? [compiled] : source), JSON.stringify(settings)];
  const options = {
    encoding: "buffer" as const,
    timeout: 1000 * settings.maxSeconds,
    killSignal: "SIGKILL" as const,
    maxBuffer: 3 * settings.maxPixels + 4096,
  };
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, args, options, (error, stdout) => {
      if (error?.killed) reject(new Error("timeout"));
      else if (error && stdout.length === 0) reject(new Error("the decoder ended"));
      else resolve(stdout);
    });
    // A decoder that has seen enough closes its end early.
    child.stdin?.on("error", () => {});
    child.stdin?.end(bytes);
  });
}
