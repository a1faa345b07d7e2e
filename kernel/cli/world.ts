/** `fovea world`. */
import { parseArgs } from "node:util";
import * as world from "../data/world";
import type { LayoutName } from "../data/world/layouts/picture";
import type { Split } from "../data/world/scenes/scene";
import { USAGE, usageOf } from "./usage";
import { counted } from "../protocol/core/words";

const OPTIONS = {
  layout: { type: "string" },
  out: { type: "string" },
  split: { type: "string" },
  count: { type: "string" },
  seed: { type: "string" },
  size: { type: "string" },
  parts: { type: "boolean" },
  objects: { type: "string" },
  training: { type: "string" },
  json: { type: "boolean" },
} as const;

type Values = ReturnType<typeof parse>["values"];

const parse = (args: string[]) => parseArgs({ args, options: OPTIONS, allowPositionals: true });

/**
 * Runs `fovea world`.
 *
 * @throws Error for arguments that the usage does not allow
 */
export async function main(args: string[]): Promise<void> {
  const { values, positionals } = parse(args);
  const [command] = positionals;
  if (command === "write") return write(values);
  if (command === "balance") return balance(values);
  throw new Error(
    `world: a command is write or balance, received ${JSON.stringify(command ?? "")}\n\n${usageOf(["world"])}`,
  );
}

async function write(values: Values): Promise<void> {
  if (!values.layout || !values.out) throw new Error(`world: --layout and --out are needed\n\n${USAGE["world write"]}`);
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort(new Error("world: stopped; the same command goes on after the last image")));
  const spec = await world.write(values.out, {
    // Checked on use, where the errors list the legal values.
    layout: values.layout as LayoutName,
    split: values.split as Split | undefined,
    count: numberOf("count", values.count),
    seed: numberOf("seed", values.seed),
    size: numberOf("size", values.size),
    parts: values.parts,
    objects: numberOf("objects", values.objects),
    signal: stop.signal,
    onProgress: progress,
  });
  process.stdout.write(
    `${values.out}: ${counted(spec.count, "image")} of ${spec.split}, layout ${spec.layout}, seed ${spec.seed}\n`,
  );
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw new Error(`world: --${name} must be a whole number, received ${JSON.stringify(text)}`);
}

function progress({ done, total }: { done: number; total: number }): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(`\r${done} of ${total} images${done === total ? "\n" : ""}`);
}

function balance(values: Values): void {
  const split = (values.split ?? "test") as Split;
  const rows = world.balance(
    split,
    numberOf("count", values.count) ?? 1000,
    numberOf("training", values.training) ?? 4000,
  );
  if (values.json) return void process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  const percent = (share: number): string => (100 * share).toFixed(1);
  const lines = rows.map(
    ({ type, questions, chance, majority, questionOnly }) =>
      `| ${type} | ${questions} | ${percent(chance)} | ${percent(majority)} | ${percent(questionOnly)} |`,
  );
  const head = [
    "| type | questions | chance | most frequent answer | words alone |",
    "| --- | ---: | ---: | ---: | ---: |",
  ];
  process.stdout.write(`${[...head, ...lines].join("\n")}\n`);
}
