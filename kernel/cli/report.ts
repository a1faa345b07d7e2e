/** `fovea report`. */
import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { DeviceRequest } from "../backend";
import type { SpairSplit } from "../data/spair";
import { listImages } from "../features";
import * as law from "../law";
import { type EncoderReport, write } from "../report";
import { countOf, preprocessOf, print, stopSignal } from "./arguments";
import { USAGE } from "./usage";

const TEXT = { type: "string" } as const;
const OPTIONS = {
  output: { type: "string", default: "report.html" },
  pairs: TEXT,
  split: TEXT,
  limit: TEXT,
  captions: TEXT,
  text: TEXT,
  compare: { type: "string", multiple: true, default: [] as string[] },
  table: TEXT,
  row: TEXT,
  pictures: TEXT,
  runs: TEXT,
  device: TEXT,
  preprocess: TEXT,
  json: { type: "boolean" },
} as const;

/**
 * Runs `fovea report`.
 *
 * @throws Error for arguments that the usage does not allow
 */
export async function main(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  const [model, ...more] = positionals;
  if (!model || more.length > 0) throw new Error(`report: one model is needed\n\n${USAGE.report}`);
  const { output, pairs, captions, text, compare, row } = values;
  const found = await write(model, {
    output,
    pairs,
    captions,
    text,
    compare,
    row,
    limit: countOf("report", "limit", values.limit),
    runs: countOf("report", "runs", values.runs),
    table: tableOf(values.table),
    pictures: await picturesOf(values.pictures),
    // Checked on use, where the errors list the legal values.
    split: values.split as SpairSplit | undefined,
    device: values.device as DeviceRequest | undefined,
    preprocess: preprocessOf("report", values.preprocess),
    onProgress,
    signal: stopSignal("report: stopped, nothing was written"),
  });
  print(values.json, found, () => linesOf(found, output));
}

function tableOf(file: string | undefined): law.ScoreTable | undefined {
  if (file === undefined) return undefined;
  if (!existsSync(file)) throw new Error(`report: --table must be a file, received ${JSON.stringify(file)}`);
  return law.parseTable(readFileSync(file, "utf8"));
}

async function picturesOf(source: string | undefined): Promise<string[] | undefined> {
  return source === undefined ? undefined : (await listImages("report", source)).map(({ file }) => file);
}

function onProgress({ done, total, step }: { done: number; total: number; step: string }): void {
  if (process.stderr.isTTY) process.stderr.write(`${done} of ${total}: ${step}\n`);
}

function linesOf({ model, speed, scores, compared, standing }: EncoderReport, output: string): string[] {
  return [
    output,
    ...[{ model, speed, scores }, ...compared].map(({ model: name, speed: { oneMs }, scores: { c, a } }) => {
      const [low, high] = c.interval.map((end) => end.toFixed(2));
      return `${name}: ${oneMs.toFixed(2)} ms a picture, C ${c.pck.toFixed(2)} (95 % ${low} to ${high}), A ${a.score.toFixed(4)} (mutual-knn)`;
    }),
    standing.problem ?? `law: row ${standing.row}`,
    `next: ${standing.plan.next ?? "nothing"}. ${standing.plan.reason}`,
  ];
}
