/** `fovea extract --plan`: the parts of one worker. */
import { parseArgs } from "node:util";
import type { DeviceRequest } from "../../backend";
import type { Encoder } from "../../encoders";
import { loadEncoder } from "../../features/plan/plan";
import * as features from "../../features";
import { countOf } from "../arguments";
import { SLURM, submitted } from "../slurm";

const OPTIONS = {
  plan: { type: "string" },
  part: { type: "string" },
  parts: { type: "string" },
  shard: { type: "string" },
  encoder: { type: "string" },
  device: { type: "string" },
  copies: { type: "string" },
  json: { type: "boolean" },
  ...SLURM,
} as const;

/** Options of a worker that a submission hands on. */
const HANDED_ON = ["encoder", "device", "copies"] as const;

/**
 * Makes the parts that the arguments or the scheduler's variables name, one after the other. The code of the process is 1
 * where one failed; the others are made all the same.
 *
 * @throws Error for arguments that the usage does not allow
 */
export async function parts(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: OPTIONS });
  const plan = await features.openPlan(values.plan as string);
  const handed = HANDED_ON.flatMap((name) => (values[name] === undefined ? [] : [`--${name}`, values[name]]));
  if (submitted({ command: "extract", path: plan.path, parts: plan.parts, args: handed }, values)) return;
  const wanted = wantedParts(plan.parts, values, process.env);
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => stop.abort(new Error("extract: stopped; the part is made again by the same command")));
  const source = { ...plan.encoder, source: values.encoder ?? plan.encoder.source };
  const device = values.device as DeviceRequest | undefined;
  let loaded: Promise<Encoder> | undefined;
  const encoder = (): Promise<Encoder> => (loaded ??= loadEncoder(source, { device, signal: stop.signal }));
  const copies = countOf("extract", "copies", values.copies);
  try {
    for (const part of wanted) await makePart(plan, part, { encoder, copies, signal: stop.signal }, values.json);
  } finally {
    await loaded?.then((one) => one.dispose()).catch(() => {});
  }
}

async function makePart(
  plan: features.ExtractionPlan,
  part: number,
  options: features.PartOptions,
  json: boolean | undefined,
): Promise<void> {
  try {
    const { ok, pictures, skipped, reused, took } = await features.extractPart(plan, part, options);
    const line = { part, ok, pictures, skipped, reused, seconds: took.seconds, waited: took.waited };
    const words = reused
      ? "was whole"
      : `${ok} of ${pictures} pictures, ${skipped} skipped, ${took.seconds.toFixed(1)} s`;
    process.stdout.write(json ? `${JSON.stringify(line)}\n` : `part ${part}: ${words}\n`);
  } catch (error) {
    if (options.signal?.aborted) throw error;
    process.stderr.write(`fovea: part ${part}: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}

type Wanted = { part?: string; parts?: string; shard?: string };

/**
 * Returns the parts of this worker: those of the arguments, else those of its place in a Slurm array or an indexed job of
 * Kubernetes, else all.
 *
 * @param command named in errors
 * @throws Error for numbers that name no parts, and for a Slurm array that is not one range
 */
export function wantedParts(
  count: number,
  { part, parts, shard }: Wanted,
  variables: Readonly<Record<string, string | undefined>>,
  command = "extract",
): Iterable<number> {
  if ([part, parts, shard].filter((one) => one !== undefined).length > 1)
    throw new Error(`${command}: --part, --parts and --shard exclude each other`);
  if (part !== undefined) return [countOf(command, "part", part, 0) as number];
  if (parts !== undefined) return ranges(command, count, parts);
  if (shard !== undefined) return shardParts(command, count, shard);
  return scheduledParts(command, count, variables);
}

/** Parts of a list of ranges. Each is checked before the first part is made. */
function ranges(command: string, count: number, text: string): Iterable<number> {
  const isList = /^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(text);
  const found = isList ? text.split(",").map((range) => range.split("-").map(Number)) : [];
  const isIn = ([from, to = from]: number[]): boolean => from <= to && to < count;
  if (!isList || !found.every(isIn))
    throw new Error(
      `${command}: --parts must be numbers and ascending ranges of 0..${count - 1}, as 0-9,12, received ${JSON.stringify(text)}`,
    );
  return each(found);
}

function* each(ranges: readonly number[][]): Generator<number> {
  for (const [from, to = from] of ranges) for (let part = from; part <= to; part++) yield part;
}

function* shardParts(command: string, count: number, shard: string): Generator<number> {
  const [, i, n] = (/^(\d+)\/(\d+)$/.exec(shard) ?? []).map(Number);
  if (!(n >= 1 && i <= n))
    throw new Error(`${command}: --shard must be i/n with i of 0..n-1 or 1..n, received ${JSON.stringify(shard)}`);
  for (let part = i % n; part < count; part += n) yield part;
}

function scheduledParts(
  command: string,
  count: number,
  variables: Readonly<Record<string, string | undefined>>,
): Iterable<number> {
  const { SLURM_ARRAY_TASK_ID: task, JOB_COMPLETION_INDEX: index } = variables;
  if (task !== undefined) return shardParts(command, count, slurmShard(command, variables));
  if (index !== undefined) return [countOf(command, "part", index, 0) as number];
  return each([[0, count - 1]]);
}

/** Place of a task in its array, which must be one range: of others, Slurm does not tell it. */
function slurmShard(command: string, variables: Readonly<Record<string, string | undefined>>): string {
  const number = (name: string, otherwise: number): number =>
    Number(variables[`SLURM_ARRAY_TASK_${name}`] ?? otherwise);
  const [id, min, max, step] = [number("ID", 0), number("MIN", 0), number("MAX", 0), number("STEP", 1)];
  const tasks = number("COUNT", 1);
  if ((max - min) / step + 1 !== tasks)
    throw new Error(`${command}: a Slurm array must be one range, as 0-99; give --shard i/n in others`);
  return `${(id - min) / step}/${tasks}`;
}
