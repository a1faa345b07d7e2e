/** `fovea extract plan`, `merge`, `status` and `verify`. */
import { parseArgs } from "node:util";
import * as features from "../../features";
import { statusLines } from "../../features/plan";
import { countOf, joinNegatives, print, stopSignal } from "../arguments";
import { USAGE } from "../usage";
import { ENCODING, encodingOf } from "./words";
import { counted } from "../../protocol/core/words";

const PLAN = {
  ...ENCODING,
  output: { type: "string" },
  root: { type: "string" },
  "pictures-per-part": { type: "string" },
  "archives-per-part": { type: "string" },
  "bytes-per-part": { type: "string" },
  column: { type: "string" },
  format: { type: "string" },
  dataset: { type: "string" },
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
    ...encodingOf(values),
    root: values.root,
    picturesPerPart: countOf("extract", "pictures-per-part", values["pictures-per-part"]),
    archivesPerPart: countOf("extract", "archives-per-part", values["archives-per-part"]),
    bytesPerPart: countOf("extract", "bytes-per-part", values["bytes-per-part"]),
    column: values.column,
    dataset: values.dataset,
    maxErrors: countOf("extract", "max-errors", values["max-errors"], 0),
    // Checked on use, where the errors list the legal values.
    format: values.format as features.PartFormat | undefined,
  });
  const { path, parts, source: described } = made;
  print(values.json, { path, hash: made.hash, parts, names: described.names, content: described.content }, () => [
    `${path}: ${counted(parts, "part")} of ${described.names} ${described.content === "pictures" ? "pictures" : `${described.content} files`}`,
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
  const seconds = countOf("extract", "seconds", values.seconds);
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
