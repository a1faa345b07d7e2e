/** Command `fovea law a-score`: of tokens in files, or of encoders on a folder of images. */
import * as law from "../../law";
import * as encoders from "../../encoders";
import { parseArgs } from "node:util";
import type { DeviceRequest } from "../../backend";
import type { AScore } from "../../law";
import type { TokenSet } from "../../similarity";
import { readSafetensors } from "../../safetensors/safetensors";
import {
  countOf,
  inputSizeOf,
  joinNegatives,
  numberOf,
  oneOf,
  preprocessOf,
  print,
  progress,
  stopSignal,
} from "../arguments";
import { USAGE } from "../usage";
import { append } from "../../numeric";
import { isFile } from "../../platform/files";
import { listImages, open as openFeatures } from "../../features";

const TEXT = { type: "string" } as const;
const FLAG = { type: "boolean" } as const;
const MANY = { type: "string", multiple: true, default: [] as string[] } as const;
const OPTIONS = {
  targets: TEXT,
  images: TEXT,
  encoder: TEXT,
  reference: MANY,
  layer: TEXT,
  limit: TEXT,
  direction: TEXT,
  preprocess: TEXT,
  "input-size": TEXT,
  device: TEXT,
  "batch-size": TEXT,
  json: FLAG,
} as const;

type Values = ReturnType<typeof parse>;
const parse = (args: string[]) => parseArgs({ args: joinNegatives(args), options: OPTIONS }).values;

/** Tokens of all images, in one order. */
interface Sets {
  names: string[];
  targets: TokenSet[];
  references: Record<string, TokenSet[]>;
}

/** Runs `fovea law a-score`. */
export async function aScore(args: string[]): Promise<void> {
  const values = parse(args);
  const direction = oneOf("direction", values.direction, ["target-to-reference", "reference-to-target"]);
  const { names, targets, references } =
    values.images === undefined ? await fromFiles(values) : await fromImages(values);
  const aligner = await law.aligner({ device: values.device as DeviceRequest | undefined });
  try {
    const score = await law.aScore(targets, references, { direction, aligner });
    print(values.json, { ...score, imageNames: names }, () => aScoreLines(score, names.length));
  } finally {
    await aligner.dispose();
  }
}

async function fromFiles({ targets, reference, layer, limit }: Values): Promise<Sets> {
  if (!targets || reference.length === 0) {
    const rule = "--targets TOKENS and --reference NAME=TOKENS, or --images, --encoder and --reference";
    throw new Error(`law a-score: ${rule}, are needed\n\n${USAGE["law a-score"]}`);
  }
  const level = numberOf("layer", layer);
  const own = await readTokens(targets, level);
  const names = [...own.keys()].slice(0, countOf("law", "limit", limit));
  const references: Record<string, TokenSet[]> = {};
  for (const text of reference) {
    const at = text.indexOf("=");
    if (at < 1) throw new Error(`law a-score: --reference must be NAME=TOKENS, received ${JSON.stringify(text)}`);
    references[text.slice(0, at)] = inOrder(await readTokens(text.slice(at + 1), level), names, text.slice(at + 1));
  }
  return { names, targets: inOrder(own, names, targets), references };
}

/**
 * Returns raw features of encoders, which are comparable where they have one width and share their axes (see notebook
 * 03).
 */
async function fromImages(values: Values): Promise<Sets> {
  const { images, encoder, reference } = values;
  if (!encoder || reference.length === 0) {
    throw new Error(`law a-score: --images needs --encoder E and --reference R\n\n${USAGE["law a-score"]}`);
  }
  const names = await imagesOf(images as string, countOf("law", "limit", values.limit));
  const tokens = (name: string) => tokensOfImages(name, names, values);
  const targets = await tokens(encoder);
  const references: Record<string, TokenSet[]> = {};
  for (const name of reference) {
    references[name] = name === encoder ? targets : await tokens(name);
    const { width } = references[name][0];
    if (width !== targets[0].width) {
      const rule = `features of ${encoder} and ${name} must have one width`;
      throw new Error(`law a-score: ${rule}, received ${targets[0].width} and ${width}`);
    }
  }
  return { names, targets, references };
}

/** Reads the tokens of each image: of a file of tensors, of a folder of features, or of a plan's parts. */
async function readTokens(place: string, layer: number | undefined): Promise<Map<string, TokenSet>> {
  if (isFile(place) && !place.endsWith(".json")) return readTensors(place);
  const folder = await openFeatures(place);
  const tokens = new Map<string, TokenSet>();
  for (const path of [...folder.paths].sort((a, b) => (a < b ? -1 : 1))) {
    const map = await folder.features(path, layer);
    tokens.set(path, { data: map.tokens(0), width: map.channels });
  }
  return tokens;
}

/** Reads one tensor per image, `[tokens, width]`, float32. */
async function readTensors(file: string): Promise<Map<string, TokenSet>> {
  const { tensors } = await readSafetensors(file);
  const entries = [...tensors]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { dtype, shape, data }]) => {
      if (dtype !== "F32" || shape.length !== 2 || !(data instanceof Float32Array)) {
        const rule = `${file}: tensor ${name} must be F32 [tokens, width]`;
        throw new Error(`law a-score: ${rule}, received ${dtype} [${shape.join(", ")}]`);
      }
      return [name, { data, width: shape[1] }] as const;
    });
  return new Map(entries);
}

function inOrder(tokens: Map<string, TokenSet>, names: string[], file: string): TokenSet[] {
  return names.map((name) => {
    const of = tokens.get(name);
    if (of) return of;
    throw new Error(`law a-score: ${file} must hold tokens of every target image, received none named ${name}`);
  });
}

function aScoreLines({ definition, direction, score, references }: AScore, images: number): string[] {
  return [
    `A = ${score.toFixed(4)} (${definition}, ${direction}, ${images} images)`,
    ...Object.entries(references).map(([name, value]) => `${name.padEnd(24)}${value.toFixed(4)}`),
  ];
}

/**
 * Returns the paths of a folder's or list's pictures, the first `limit` by name.
 *
 * @throws Error where there are none
 */
export async function imagesOf(images: string, limit: number | undefined): Promise<string[]> {
  const files = (await listImages("law a-score", images)).map(({ file }) => file);
  if (files.length === 0) throw new Error(`law a-score: --images must hold pictures, received ${images}`);
  return files.slice(0, limit);
}

const BATCH = 16;

/** Returns the features of every picture at one layer of an encoder loaded for it. */
export async function tokensOfImages(
  name: string,
  files: readonly string[],
  values: { layer?: string; device?: string; "batch-size"?: string; preprocess?: string; "input-size"?: string },
): Promise<TokenSet[]> {
  const encoder = await encoders.load(name, {
    device: values.device as DeviceRequest | undefined,
    preprocess: preprocessOf("law a-score", values.preprocess),
    inputSize: inputSizeOf("law a-score", values["input-size"]),
  });
  const signal = stopSignal("law a-score: stopped");
  const [batch, layer] = [
    countOf("law", "batch-size", values["batch-size"]) ?? BATCH,
    numberOf("layer", values.layer) ?? -2,
  ];
  const sets: TokenSet[] = [];
  try {
    for (let start = 0; start < files.length; start += batch) {
      signal.throwIfAborted();
      const some = files.slice(start, start + batch);
      const options = { indices: [layer], outputFmt: "NLC", intermediatesOnly: true, stopEarly: true } as const;
      const [map] = (await encoder.forwardIntermediates(some, options)).intermediates;
      append(
        sets,
        some.map((_, i) => ({ data: map.tokens(i), width: map.channels })),
      );
      progress({ done: sets.length, total: files.length });
    }
  } finally {
    await encoder.dispose();
  }
  return sets;
}
