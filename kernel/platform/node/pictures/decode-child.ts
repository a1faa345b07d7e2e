/**
 * Decodes one picture in a separate process, which can be ended: settings are its argument, the picture comes on stdin. It answers
 * with a line of JSON, the size or an error, and the pixels.
 */
import type { DecodeSettings } from "../../types";
import { decodeHere } from "./decode";

/** The first line of the answer. */
export type ChildAnswer = { width: number; height: number } | { error: string };

async function answer(): Promise<void> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array);
  const settings = JSON.parse(process.argv[process.argv.length - 1]) as DecodeSettings;
  const { data, width, height } = await decodeHere(Buffer.concat(chunks), settings);
  process.stdout.write(`${JSON.stringify({ width, height } satisfies ChildAnswer)}\n`);
  process.stdout.write(data);
}

answer().catch((error: unknown) => {
  const text = error instanceof Error ? error.message : String(error);
  process.stdout.write(`${JSON.stringify({ error: text } satisfies ChildAnswer)}\n`);
});
