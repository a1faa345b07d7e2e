/** Command `fovea law a-score`: of tokens in files, or of encoders on a folder of images. */
import { parseArgs } from "node:util";
import type { DeviceRequest } from "../../backend";
import * as law from "../../law";
import type { AScore, TokenSet } from "../../law";
import { readSafetensors } from "../../safetensors/safetensors";
import { joinNegatives } from "../arguments";
import { USAGE } from "../usage";
import { imagesOf, tokensOfImages } from "./image-tokens";
import { countOf, oneOf, print } from "./values";

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

async function fromFiles({ targets, reference }: Values): Promise<Sets> {
  if (!targets || reference.length === 0) {
    const rule =
      "--targets FILE.safetensors and --reference NAME=FILE.safetensors, or --images, --encoder and --reference";
    throw new Error(`law a-score: ${rule}, are needed\n\n${USAGE["law a-score"]}`);
  }
  const own = await readTokens(targets);
  const names = [...own.keys()];
  const references: Record<string, TokenSet[]> = {};
  for (const text of reference) {
    const at = text.indexOf("=");
    if (at < 1)
      throw new Error(`law a-score: --reference must be NAME=FILE.safetensors, received ${JSON.stringify(text)}`);
    references[text.slice(0, at)] = inOrder(await readTokens(text.slice(at + 1)), names, text.slice(at + 1));
  }
  return { names, targets: [...own.values()], references };
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
  const names = await imagesOf(images as string, countOf("limit", values.limit));
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

/** Reads one tensor per image, `[tokens, width]`, float32. */
async function readTokens(file: string): Promise<Map<string, TokenSet>> {
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
    throw new Error(`law a-score: ${file} must hold a tensor for every target image, received none named ${name}`);
  });
}

function aScoreLines({ definition, direction, score, references }: AScore, images: number): string[] {
  return [
    `A = ${score.toFixed(4)} (${definition}, ${direction}, ${images} images)`,
    ...Object.entries(references).map(([name, value]) => `${name.padEnd(24)}${value.toFixed(4)}`),
  ];
}
