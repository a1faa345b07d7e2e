/** `fovea law c-score`. */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { DeviceRequest } from "../../backend";
import * as data from "../../data";
import type { SpairPair } from "../../data/spair";
import * as encoders from "../../encoders";
import type { Encoder } from "../../encoders";
import * as features from "../../features";
import * as law from "../../law";
import type { CScore, CScoreOptions, LookAlikes, PckSummary } from "../../law";
import {
  countOf,
  inputSizeOf,
  joinNegatives,
  numberOf,
  numbersOf,
  oneOf,
  preprocessOf,
  print,
  progress,
  stopSignal,
} from "../arguments";
import { USAGE } from "../usage";
import { isRecord, parseJson } from "../../rules/json-text";
import { counted } from "../../protocol/core/words";

const TEXT = { type: "string" } as const;
const FLAG = { type: "boolean" } as const;
/** Options of a score, in one run or in parts. */
export const SCORE = {
  spair: TEXT,
  keypoints: TEXT,
  ap10k: TEXT,
  subset: TEXT,
  features: TEXT,
  split: TEXT,
  limit: TEXT,
  categories: TEXT,
  indices: TEXT,
  "by-layer": FLAG,
  match: TEXT,
  window: TEXT,
  temperature: TEXT,
  "mask-fill": TEXT,
  center: FLAG,
  alphas: TEXT,
  canvas: TEXT,
  "cell-center": TEXT,
  inclusive: FLAG,
  geometry: TEXT,
  "look-alikes": TEXT,
  reciprocal: FLAG,
  "batch-size": TEXT,
  seed: TEXT,
  json: FLAG,
} as const;

const OPTIONS = {
  ...SCORE,
  encoder: TEXT,
  normalize: TEXT,
  preprocess: TEXT,
  "input-size": TEXT,
  device: TEXT,
} as const;

type Values = ReturnType<typeof parse>;
/** Values of {@link SCORE}. */
export type ScoreValues = Pick<Values, keyof typeof SCORE>;
const parse = (args: string[]) => parseArgs({ args: joinNegatives(args), options: OPTIONS }).values;

const GEOMETRIES = ["letterbox", "stretch", "stretch-image", "encoder"] as const;
type Geometry = (typeof GEOMETRIES)[number];

const PARTS: Record<string, () => Promise<(args: string[]) => Promise<void>>> = {
  plan: async () => (await import("./c-score-parts.js")).plan,
  merge: async () => (await import("./c-score-parts.js")).merge,
};

/**
 * Runs `fovea law c-score`.
 *
 * @throws Error for arguments that the usage does not allow
 */
export async function cScore(args: string[]): Promise<void> {
  if (Object.hasOwn(PARTS, args[0])) return (await PARTS[args[0]]())(args.slice(1));
  if (args.some((arg) => /^--plan(=|$)/.test(arg))) return (await import("./c-score-parts.js")).parts(args);
  const values = parse(args);
  const { spair, ap10k, encoder, features } = values;
  if (!spair === !ap10k || !(encoder || features)) {
    throw new Error(
      `law c-score: --spair DIR or --ap10k DIR, and --encoder E or --features DIR, are needed\n\n${USAGE["law c-score"]}`,
    );
  }
  const { pairs } = pairsOf(values);
  const layers = indicesOf(values.indices);
  if (layers === null && !values["by-layer"]) throw new Error("law c-score: --indices all needs --by-layer");
  const given = scoreOptions(values);
  const source = await open(values, layers, pairs);
  // Newly written features have the layer numbers of the encoder.
  const stored = encoder && "run" in source ? source.run.layers.map(({ layer }) => layer) : (layers ?? undefined);
  const options = stored === undefined ? given : { ...given, indices: stored };
  try {
    if (values["by-layer"]) printLayers(values.json, await law.cScoreByLayer(source, pairs, options));
    else printScore(values.json, await law.cScore(source, pairs, options));
  } finally {
    if ("dispose" in source) await source.dispose();
  }
}

/** Prints the score of all layers together. */
export const printScore = (json: boolean | undefined, score: CScore): void =>
  print(json, score, () => scoreLines(score));

/** Prints the score of each layer. */
export const printLayers = (json: boolean | undefined, layers: { layer: number; summary: CScore }[]): void =>
  print(json, layers, () => layers.flatMap(({ layer, summary }) => [`layer ${layer}`, ...scoreLines(summary)]));

/** Reads the pairs of one of the layouts. */
export function pairsOf(values: ScoreValues): { pairs: readonly SpairPair[] } {
  const { spair = "", ap10k } = values;
  const split = oneOf("split", values.split, ["trn", "val", "test"]);
  const limit = countOf("law", "limit", values.limit);
  const categories = values.categories?.split(",");
  if (ap10k === undefined) {
    const keypoints = oneOf("keypoints", values.keypoints, ["images", "pairs"]);
    return data.spair.read(spair, { split, limit, categories, keypoints });
  }
  const subset = oneOf("subset", values.subset, ["intra-species", "cross-species", "cross-family"]);
  return data.ap10k.read(ap10k, { split, limit, categories, subset });
}

/** Returns the options of the score; absent ones are left to the library. */
export function scoreOptions(values: ScoreValues): CScoreOptions {
  const given: CScoreOptions = {
    match: oneOf("match", values.match, ["soft", "argmax"]),
    window: values.window === "none" ? Infinity : numberOf("window", values.window),
    temperature: numberOf("temperature", values.temperature),
    maskFill: oneOf("mask-fill", values["mask-fill"], ["zero", "-inf"]),
    center: values.center,
    alphas: values.alphas === undefined ? undefined : numbersOf("alphas", values.alphas),
    canvas: countOf("law", "canvas", values.canvas),
    cellCenter: oneOf("cell-center", values["cell-center"], ["floor", "exact"]),
    strict: values.inclusive ? false : undefined,
    geometry: oneOf("geometry", values.geometry, GEOMETRIES),
    lookAlikes: lookAlikesOf(values["look-alikes"]),
    reciprocal: values.reciprocal,
    batchSize: countOf("law", "batch-size", values["batch-size"]),
    seed: numberOf("seed", values.seed),
    onProgress: progress,
    signal: stopSignal("law c-score: stopped; with --features DIR the same command goes on where it was"),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** Returns the layers; `null` for all. */
export function indicesOf(text: string | undefined): number[] | null | undefined {
  return text === "all" ? null : text === undefined ? undefined : numbersOf("indices", text);
}

/** Opens the encoder, or the features on disk; missing features are written first. */
async function open(
  values: Values,
  layers: number[] | null | undefined,
  pairs: readonly SpairPair[],
): Promise<Encoder | features.FeatureFolder> {
  const { encoder: name, features: out } = values;
  if (name === undefined) return features.open(out as string);
  if (out?.endsWith(".json"))
    throw new Error(`law c-score: a plan in --features is read without --encoder, received ${out}`);
  const half = oneOf("normalize", values.normalize, ["model", "half"]) === "half";
  const geometry = oneOf("geometry", values.geometry, GEOMETRIES) ?? "letterbox";
  const encoder = await prepared(name, geometry, half, pairs.every(isSquare), {
    device: values.device as DeviceRequest | undefined,
    preprocess: preprocessOf("law c-score", values.preprocess),
    inputSize: inputSizeOf("law c-score", values["input-size"]),
  });
  if (out === undefined) return encoder;
  try {
    const images = [...new Set(pairs.flatMap(({ source, target }) => [source.path, target.path]))];
    await features.extract({
      encoder,
      images,
      out,
      indices: layers === undefined ? [-2] : layers,
      batchSize: countOf("law", "batch-size", values["batch-size"]),
      onProgress: progress,
      signal: stopSignal("law c-score: stopped; the same command goes on after the last file"),
    });
  } finally {
    await encoder.dispose();
  }
  return features.open(out);
}

const isSquare = ({ source, target }: SpairPair): boolean =>
  source.size[0] === source.size[1] && target.size[0] === target.size[1];

/** Loads the encoder again where its preparation of pictures differs from the requested one. */
async function prepared(
  name: string,
  geometry: Geometry,
  half: boolean,
  square: boolean,
  options: Pick<encoders.LoadOptions, "device" | "preprocess" | "inputSize">,
): Promise<Encoder> {
  const encoder = await encoders.load(name, options);
  const { preprocess } = encoder.info;
  const wanted = geometry === "letterbox" ? "letterbox" : "stretch";
  const fits =
    geometry === "encoder" ||
    (preprocess.resize === wanted && preprocess.align === "center") ||
    (square && preprocess.resize === "stretch");
  if (fits && !half) return encoder;
  await encoder.dispose();
  const own = await exportedPreprocess(name, options, preprocess);
  const lie = fits ? {} : ({ resize: wanted, resizeTo: own.inputSize, align: "center" } as const);
  const levels = half ? { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] } : {};
  return encoders.load(name, { ...options, preprocess: { ...own, ...lie, ...levels } });
}

/** Returns the preparation in the size of the export, in which a load expects it beside another `inputSize`. */
async function exportedPreprocess(
  name: string,
  { device, preprocess, inputSize }: Pick<encoders.LoadOptions, "device" | "preprocess" | "inputSize">,
  loaded: Encoder["info"]["preprocess"],
): Promise<Encoder["info"]["preprocess"]> {
  if (inputSize === undefined) return loaded;
  // It loaded with a size; a graph that refuses to without one has none by itself.
  const exported = await encoders.load(name, { device, preprocess }).catch(() => null);
  await exported?.dispose();
  return exported?.info.preprocess ?? loaded;
}

function lookAlikesOf(file: string | undefined): LookAlikes | undefined {
  if (file === undefined) return undefined;
  if (file === "world") return data.world.lookAlikes;
  const groups = parseJson(readFileSync(file, "utf8"));
  if (isLookAlikes(groups)) return groups;
  throw new Error(`law: --look-alikes must hold {category: [[ids], …]} as JSON, received ${file}`);
}

function isLookAlikes(value: unknown): value is LookAlikes {
  const isGroups = (groups: unknown): boolean =>
    Array.isArray(groups) && groups.every((ids) => Array.isArray(ids) && ids.every((id) => typeof id === "string"));
  return isRecord(value) && Object.values(value).every(isGroups);
}

function scoreLines(score: CScore): string[] {
  return [
    ...summaryLines(score),
    ...(score.geometryAware ? ["among look-alikes:", ...summaryLines(score.geometryAware)] : []),
    ...(score.confusions === null ? [] : [`nearer to a look-alike: ${score.confusions.toFixed(2)} % of keypoints`]),
    ...(score.reciprocal === null ? [] : [`reciprocal matches: ${score.reciprocal.toFixed(2)} % of keypoints`]),
  ];
}

function summaryLines({
  alphas,
  perPair,
  perPoint,
  perCategory,
  interval,
  pairs,
  keypoints,
  skipped,
}: PckSummary): string[] {
  return [
    `${counted(pairs, "pair")}, ${counted(keypoints, "keypoint")}, ${counted(skipped, "pair")} skipped`,
    ...alphas.map((alpha, i) => {
      const range = interval[i].map((end) => end.toFixed(2)).join(" to ");
      const others = `per point ${perPoint[i].toFixed(2)}, per category ${perCategory[i].toFixed(2)}`;
      return `PCK@${alpha}: ${perPair[i].toFixed(2)} (95 % ${range}), ${others}`;
    }),
  ];
}
