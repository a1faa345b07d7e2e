import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { refer, world } from "../../kernel/data/index.ts";
import { Tokenizer } from "../../kernel/encoders/index.ts";
import type { grounding } from "./names.ts";

/** A model of a few thousand weights. */
export const SMALL = {
  encoder: { imgSize: 16, patchSize: 8, embedDim: 8, numHeads: 2, depth: 2, hiddenDim: 12, vocabSize: 64 },
  head: { embedDim: 8, numHeads: 2, generatorHidden: 6, decoderHidden: 10, dropout: 0.1 },
} satisfies grounding.SimVgConfig;

/** The world's referring expressions in a folder, with a tokenizer of their words. */
export interface Referring {
  folder: string;
  images: string;
  expressions: readonly refer.ReferExpression[];
  tokenizer: Tokenizer;
  remove: () => void;
}

export async function referring(count = 4): Promise<Referring> {
  const folder = mkdtempSync(join(tmpdir(), "grounding-"));
  await world.write(folder, { layout: "refcoco", count, split: "train", size: 48 });
  const { expressions } = refer.read(folder);
  return {
    folder,
    images: join(folder, "images"),
    expressions,
    tokenizer: tokenizerOf(expressions.map(({ phrase }) => phrase)),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** A tokenizer of whole words in BEiT-3's frame: 0 begins, 1 pads, 2 ends, 3 is unknown. */
export const tokenizerOf = (phrases: readonly string[]): Tokenizer =>
  Tokenizer.fromJson(tokenizerJson(phrases), "test");

/** The content of its `tokenizer.json`. */
export function tokenizerJson(phrases: readonly string[]): object {
  const words = [...new Set(phrases.flatMap((phrase) => phrase.split(" ")))].sort();
  const vocab = Object.fromEntries(["<s>", "<pad>", "</s>", "<unk>", ...words].map((word, id) => [word, id]));
  return {
    model: { type: "WordLevel", vocab, unk_token: "<unk>" },
    pre_tokenizer: { type: "Whitespace" },
    post_processor: { type: "RobertaProcessing", cls: ["<s>", 0], sep: ["</s>", 2] },
  };
}
