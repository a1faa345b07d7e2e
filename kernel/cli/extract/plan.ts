/** `fovea extract plan`, `merge`, `status` and `verify`. */
import { parseArgs } from "node:util";
import type { Facet, Precision } from "../../encoders";
import * as features from "../../features";
import { statusLines } from "../../features/plan";
import { joinNegatives, preprocessOf, print, stopSignal } from "../arguments";
import { USAGE } from "../usage";
import { countOf, indicesOf, poolOf } from "./words";

const PLAN = {
  output: { type: "string" },
  root: { type: "string" },
  "pictures-per-part": { type: "string" },
  "archives-per-part": { type: "string" },
  "bytes-per-part": { type: "string" },
  column: { type: "string" },
  format: { type: "string" },
  dataset: { type: "string" },
  encoder: { type: "string" },
  file: { type: "string" },
  preprocess: { type: "string" },
  indices: { type: "string" },
  pool: { type: "string" },
  dtype: { type: "string" },
  facet: { type: "string" },
  norm: { type: "boolean" },
  precision: { type: "string" },
  "batch-size": { type: "string" },
  "max-errors": { type: "string" },
  json: { type: "boolean" },
} as const;

/**
 * Runs `fovea extract plan`.
 *
 * @throws Error for arguments that the usage does not allow
 */
export async function plan(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args: joinNegatives(args), options: PLAN, allowPositionals: true });
  const [source] = positionals;
  const { output, encoder } = values;
  if (positionals.length !== 1 || !output || !encoder)
    throw new Error(`extract plan: a source, --output and --encoder are needed\n\n${USAGE["extract plan"]}`);
  const made = await features.plan({
    source,
    output,
    encoder,
    root: values.root,
    picturesPerPart: countOf("pictures-per-part", values["pictures-per-part"]),
    archivesPerPart: countOf("archives-per-part", values["archives-per-part"]),
    bytesPerPart: countOf("bytes-per-part", values["bytes-per-part"]),
    column: values.column,
    dataset: values.dataset,
    file: values.file,
    preprocess: preprocessOf("extract", values.preprocess),
    indices: indicesOf(values.indices),
    norm: values.norm,
    batchSize: countOf("batch-size", values["batch-size"]),
    maxErrors: countOf("max-errors", values["max-errors"], 0),
    // Checked on use, where the errors list the legal values.
    format: values.format as features.PartFormat | undefined,
    pool: poolOf(values.pool) as features.PoolOption | undefined,
    dtype: values.dtype as features.FeatureDtype | undefined,
    facet: values.facet as Facet | undefined,
    precision: values.precision as Precision | undefined,
  });
  const { path, parts, source: described } = made;
  print(values.json, { path, hash: made.hash, parts, names: described.names, content: described.content }, () => [
    `${path}: ${parts} parts of ${described.names} ${described.content === "pictures" ? "pictures" : `${described.content} files`}`,
  ]);
}

const STATUS = { watch: { type: "boolean" }, seconds: { type: "string" }, json: { type: "boolean" } } as const;
const VERIFY = { remove: { type: "boolean" }, json: { type: "boolean" } } as const;
const MERGE = { out: { type: "string" }, copy: { type: "boolean" }, json: { type: "boolean" } } as const;

/**
 * Runs `fovea extract status`.
 *
 * @throws Error for arguments that the usage does not allow
 */
export async function status(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args, options: STATUS, allowPositionals: true });
  const path = onePlan("status", positionals);
  const show = (now: features.PlanStatus): void => print(values.json, now, () => statusLines(now));
  if (!values.watch) return show(await features.status(path));
  const signal = stopSignal("extract status: no longer watched; the workers go on");
  const seconds = countOf("seconds", values.seconds);
  await features.follow(path, { seconds, signal, progress: false, onProgress: show });
}

/**
 * Runs `fovea extract verify`: the code of the process is 1 where a part is damaged.
 *
 * @throws Error for arguments that the usage does not allow
 */
export async function verify(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args, options: VERIFY, allowPositionals: true });
  const signal = stopSignal("extract verify: stopped");
  const now = await features.verify(onePlan("verify", positionals), { remove: values.remove, signal });
  print(values.json, now, () => statusLines(now));
  if (now.damaged.count) process.exitCode = 1;
}

/**
 * Runs `fovea extract merge`.
 *
 * @throws Error for arguments that the usage does not allow
 */
export async function merge(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args, options: MERGE, allowPositionals: true });
  const { out, copy } = values;
  if (!out) throw new Error(`extract merge: --out is needed\n\n${USAGE["extract merge"]}`);
  const signal = stopSignal("extract merge: stopped; the same command goes on");
  const merged = await features.merge(onePlan("merge", positionals), { out, copy, signal });
  print(values.json, merged, () => [
    `${merged.out}: ${merged.ok} of ${merged.pictures} pictures have features, ${merged.skipped} skipped`,
  ]);
}

function onePlan(command: "status" | "verify" | "merge", positionals: readonly string[]): string {
  if (positionals.length === 1) return positionals[0];
  throw new Error(`extract ${command}: one plan is needed\n\n${USAGE[`extract ${command}`]}`);
}
