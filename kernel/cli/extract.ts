/** `fovea extract`. */
import { parseArgs } from "node:util";
import type { DeviceRequest } from "../backend";
import * as features from "../features";
import { countOf, joinNegatives, stopSignal } from "./arguments";
import { ENCODING, encodingOf } from "./extract/words";
import { USAGE } from "./usage";
import { counted } from "../protocol/core/words";

const OPTIONS = {
  ...ENCODING,
  images: { type: "string" },
  out: { type: "string" },
  shard: { type: "string" },
  device: { type: "string" },
  "images-per-file": { type: "string" },
  json: { type: "boolean" },
} as const;

type Main = (args: string[]) => Promise<void>;

const COMMANDS: Record<string, () => Promise<Main>> = {
  plan: async () => (await import("./extract/plan.js")).plan,
  status: async () => (await import("./extract/plan.js")).status,
  verify: async () => (await import("./extract/plan.js")).verify,
  merge: async () => (await import("./extract/plan.js")).merge,
  serve: async () => (await import("./extract/serve.js")).serve,
};

/**
 * Runs `fovea extract`.
 *
 * @throws Error for arguments that the usage does not allow
 */
export async function main(args: string[]): Promise<void> {
  const [name, ...rest] = args;
  if (Object.hasOwn(COMMANDS, name)) return (await COMMANDS[name]())(rest);
  if (args.some((arg) => /^--plan(=|$)/.test(arg))) return (await import("./extract/parts.js")).parts(args);
  return extractHere(args);
}

async function extractHere(args: string[]): Promise<void> {
  const { values } = parseArgs({ args: joinNegatives(args), options: OPTIONS });
  const { encoder, images, out } = values;
  if (!encoder || !images || !out)
    throw new Error(`extract: --encoder, --images and --out are needed\n\n${USAGE.extract}`);
  const result = await features.extract({
    encoder,
    images,
    out,
    ...encodingOf(values),
    signal: stopSignal("extract: stopped; the same command goes on after the last file"),
    onProgress: progress,
    // Checked on use, where the errors list the legal values.
    shard: values.shard as features.ShardOption | undefined,
    device: values.device as DeviceRequest | undefined,
    imagesPerFile: countOf("extract", "images-per-file", values["images-per-file"]),
  });
  process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : `${summary(result)}\n`);
}

function progress({ done, total, skipped }: features.ExtractProgress): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(`\r${done} of ${total} images, ${skipped} skipped${done === total ? "\n" : ""}`);
}

function summary(result: features.ExtractResult): string {
  const { out, precision, images, ok, skipped, unread, reused, redone, damaged } = result;
  const counts = `${ok} of ${images} images have features, ${skipped} skipped, ${reused} were there before`;
  const again = redone ? `, ${redone} computed again` : "";
  const losses = damaged.map(
    ({ file, reason, paths }) => `${file} ${reason}: it held the features of ${counted(paths.length, "image")}`,
  );
  const reasons = unread.map(({ path, reason }) => `skipped ${path}: ${reason}`);
  if (skipped > unread.length)
    reasons.push(`and ${skipped - unread.length} more, each with its line in manifest.jsonl`);
  return [...losses, ...reasons, `${out}: ${counts}${again}${precision === "int8" ? ", computed in int8" : ""}`].join(
    "\n",
  );
}
