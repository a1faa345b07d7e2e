/** `fovea law c-score plan`, `--plan` and `merge`: the score of stored features in parts, each made by any worker. */
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { SpairPair } from "../../data/spair";
import * as features from "../../features";
import { parseJson } from "../../rules/json-text";
import * as law from "../../law";
import { sha256Of } from "../../platform";
import { mkdir, readFile, replaceFile, writeFile } from "../../platform/files";
import { countOf, joinNegatives, print } from "../arguments";
import { wantedParts } from "../extract/parts";
import { SLURM, submitted } from "../slurm";
import { USAGE } from "../usage";
import { indicesOf, pairsOf, printLayers, printScore, SCORE, scoreOptions, type ScoreValues } from "./c-score";
import { counted } from "../../protocol/core/words";

/** Content of a plan's file: the arguments of the score, and a hash of all that decides its parts. */
interface ScorePlan {
  version: 1;
  hash: string;
  arguments: ScoreValues;
  pairsPerPart: number;
}

/** A plan with the data that its arguments name. */
interface OpenedPlan {
  plan: ScorePlan;
  folder: string;
  pairs: readonly SpairPair[];
  store: features.FeatureFolder;
  options: law.CScoreOptions;
  /** Positions of the pairs of each part. */
  parts: number[][];
}

const PLAN = { ...SCORE, output: { type: "string" }, "pairs-per-part": { type: "string" } } as const;

/**
 * Runs `fovea law c-score plan`.
 *
 * @throws Error for arguments that the usage does not allow, or an output that holds another plan
 */
export async function plan(args: string[]): Promise<void> {
  const { values } = parseArgs({ args: joinNegatives(args), options: PLAN });
  const { output, json, "pairs-per-part": perPart, ...given } = values;
  const { spair, ap10k, features: stored } = given;
  if (!output?.endsWith(".json") || !spair === !ap10k || !stored) {
    const rule = "--spair DIR or --ap10k DIR, --features DIR|PLAN.json and --output SCORE.json, are needed";
    throw new Error(`law c-score plan: ${rule}\n\n${USAGE["law c-score"]}`);
  }
  if (given.indices === "all" && !given["by-layer"])
    throw new Error("law c-score plan: --indices all needs --by-layer");
  const made = await described({
    version: 1,
    hash: "",
    // Workers start in other folders.
    arguments: { ...given, ...placesOf(given) },
    pairsPerPart: countOf("law c-score plan", "pairs-per-part", perPart) ?? 1000,
  });
  const path = resolve(output);
  const old = await readFile(path, "utf8").catch(() => null);
  if (old !== null && parsePlan(old)?.hash !== made.plan.hash)
    throw new Error(`law c-score plan: --output must be new, or hold the same plan, received ${path}`);
  await mkdir(dirname(path), { recursive: true });
  if (old === null) await put(path, `${JSON.stringify(made.plan, null, 2)}\n`);
  const [pairs, parts] = [made.pairs.length, made.parts.length];
  print(json, { path, hash: made.plan.hash, parts, pairs }, () => [`${path}: ${parts} parts of ${pairs} pairs`]);
}

function placesOf(given: ScoreValues): ScoreValues {
  const { "look-alikes": lookAlikes } = given;
  const place = (text: string | undefined): string | undefined => (text === undefined ? undefined : resolve(text));
  return {
    spair: place(given.spair),
    ap10k: place(given.ap10k),
    features: place(given.features),
    "look-alikes": lookAlikes === "world" ? lookAlikes : place(lookAlikes),
  };
}

/** Reads the data that a plan's arguments name, and returns the plan with its hash. */
async function described(plan: ScorePlan): Promise<Omit<OpenedPlan, "folder">> {
  const { pairs } = pairsOf(plan.arguments);
  const store = await features.open(plan.arguments.features as string);
  const indices = indicesOf(plan.arguments.indices) ?? undefined;
  const given = scoreOptions(plan.arguments);
  const options = indices ? { ...given, indices } : given;
  const content = [plan.arguments, plan.pairsPerPart, pairs, given.lookAlikes ?? null, store.run.hash];
  const hash = sha256Of(JSON.stringify(content));
  return { plan: { ...plan, hash }, pairs, store, options, parts: law.divideCScore(pairs, plan.pairsPerPart) };
}

async function open(command: string, path: string): Promise<OpenedPlan> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new Error(`${command}: the plan must be a file (${error.code}), received ${path}`);
  });
  const plan = parsePlan(text);
  if (!plan) throw new Error(`${command}: the file must hold a plan of a C score of version 1, received ${path}`);
  const found = await described(plan);
  if (found.plan.hash !== plan.hash)
    throw new Error(`${command}: pairs, features and arguments must be those of the plan, received others in ${path}`);
  return { ...found, folder: join(dirname(resolve(path)), `${basename(path, ".json")}.parts`) };
}

function parsePlan(text: string): ScorePlan | null {
  try {
    const plan = Object(parseJson(text)) as ScorePlan;
    const isPlan = plan.version === 1 && typeof plan.hash === "string" && typeof plan.arguments.features === "string";
    return isPlan && Number.isSafeInteger(plan.pairsPerPart) ? plan : null;
  } catch {
    return null;
  }
}

const MAKE = {
  plan: { type: "string" },
  part: { type: "string" },
  parts: { type: "string" },
  shard: { type: "string" },
  json: { type: "boolean" },
  ...SLURM,
} as const;

/**
 * Runs `fovea law c-score --plan`: makes the parts that the arguments or the scheduler's variables name. A part that is whole is
 * not made again; of two workers at one part both write the same file.
 *
 * @throws Error for arguments that the usage does not allow, or a plan whose pairs or features have changed
 */
export async function parts(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: MAKE });
  const opened = await open("law c-score", values.plan as string);
  const path = resolve(values.plan as string);
  if (submitted({ command: "law c-score", path, parts: opened.parts.length }, values)) return;
  const { folder, pairs, store, options } = opened;
  await mkdir(folder, { recursive: true });
  for (const part of wantedParts(opened.parts.length, values, process.env, "law c-score")) {
    const positions = opened.parts[part];
    if (!positions)
      throw new Error(`law c-score: part must be a whole number of 0..${opened.parts.length - 1}, received ${part}`);
    const reused = (await readPart(opened, part)) !== null;
    if (!reused) {
      const byLayer = opened.plan.arguments["by-layer"];
      await writePart(opened, part, await law.cScorePart(store, pairs, positions, { ...options, byLayer }));
    }
    const words = reused ? "was whole" : counted(positions.length, "pair");
    process.stdout.write(
      values.json ? `${JSON.stringify({ part, pairs: positions.length, reused })}\n` : `part ${part}: ${words}\n`,
    );
  }
}

const partPath = ({ folder }: OpenedPlan, part: number): string =>
  join(folder, `${String(part).padStart(9, "0")}.json`);

const put = (path: string, text: string): Promise<void> =>
  replaceFile(path, (beside) => writeFile(beside, text, { flush: true }));

/** Writes a part: a line with the plan's hash and the checksum of the second line, the outcomes. */
function writePart(opened: OpenedPlan, part: number, made: law.CScorePart): Promise<void> {
  const text = JSON.stringify(made);
  const head = JSON.stringify({ plan: opened.plan.hash, part, sha256: sha256Of(text) });
  return put(partPath(opened, part), `${head}\n${text}\n`);
}

/** Reads a part; null for one that is missing, damaged or of another plan, which is to be made. */
async function readPart(opened: OpenedPlan, part: number): Promise<law.CScorePart | null> {
  const text = await readFile(partPath(opened, part), "utf8").catch(() => "");
  const [head, body = "", end] = text.split("\n");
  const expected = JSON.stringify({ plan: opened.plan.hash, part, sha256: sha256Of(body) });
  return head === expected && end === "" ? (JSON.parse(body) as law.CScorePart) : null;
}

/**
 * Runs `fovea law c-score merge`.
 *
 * @throws Error for arguments that the usage does not allow, or parts that are not whole
 */
export async function merge(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args, options: { json: MAKE.json }, allowPositionals: true });
  if (positionals.length !== 1) throw new Error(`law c-score merge: one plan is needed\n\n${USAGE["law c-score"]}`);
  const opened = await open("law c-score merge", positionals[0]);
  const found: law.CScorePart[] = [];
  const todo: number[] = [];
  for (let part = 0; part < opened.parts.length; part++) {
    const one = await readPart(opened, part);
    if (one) found.push(one);
    else todo.push(part);
  }
  if (todo.length)
    throw new Error(
      `law c-score merge: every part must be whole; fovea law c-score --plan makes ${todo.slice(0, 20).join(",")}` +
        `, received ${found.length} of ${opened.parts.length}`,
    );
  const { pairs, options } = opened;
  if (opened.plan.arguments["by-layer"]) printLayers(values.json, law.mergeCScoreByLayer(pairs, found, options));
  else printScore(values.json, law.mergeCScore(pairs, found, options));
}
