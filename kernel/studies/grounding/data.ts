import * as refer from "../../data/refer";
import type { ReferExpression, ReferImage } from "../../data/refer";
import { decodeImage, type RawImage } from "../../data/image";
import * as world from "../../data/world";
import { Tokenizer } from "../../encoders";
import { batches, type GroundingBatch, type SimVg } from "../../grounding";
import { join } from "../../platform/path";
import type { BatchSource } from "../../train/batches/batches";
import { type StudyEncoder, studyEncoder } from "./encoder";
import type { GroundingStudySettings } from "./settings";

/** Name of the study in errors. */
export const STUDY = "studies.groundingStudy";

/** Phrases of both splits with their pictures in memory. */
export interface GroundingData {
  train: readonly ReferExpression[];
  asked: readonly ReferExpression[];
  tokenizer: Tokenizer;
  encoder: StudyEncoder;
  pictures: ReadonlyMap<string, RawImage>;
}

const FRAME = ["<s>", "<pad>", "</s>", "<unk>"];

/** Writes the world's referring expressions once, and reads them and the encoder. */
export async function groundingData(
  settings: GroundingStudySettings,
  folder: string,
  signal?: AbortSignal,
): Promise<GroundingData> {
  const { images, split, size, parts, objects } = settings;
  const pictures = new Map<string, RawImage>();
  const read = async (split: "train" | "val" | "test", count: number): Promise<readonly ReferExpression[]> => {
    const root = join(folder, `${split}-${count}-${size}-${objects}${parts ? "-parts" : ""}`);
    await world.write(root, { layout: "refcoco", split, count, size, parts, objects, signal });
    const { expressions } = refer.read(root);
    for (const { image } of expressions)
      if (!pictures.has(keyOf(image)))
        pictures.set(keyOf(image), await decodeImage(join(root, "images", image.fileName)));
    return expressions;
  };
  const [train, asked] = [await read("train", images.train), await read(split, images.asked)];
  const words = [...new Set([...train, ...asked].flatMap(({ phrase }) => phrase.split(" ")))].sort();
  const vocab = [...FRAME, ...words];
  const encoder = await studyEncoder(settings, vocab.length, STUDY);
  return { train, asked, pictures, encoder, tokenizer: encoder.tokenizer ?? tokenizerOf(vocab) };
}

/** Pictures of the two splits have different names. */
const keyOf = ({ fileName }: ReferImage): string => fileName;

/** Tokenizer of whole words in BEiT-3's frame. */
function tokenizerOf(words: readonly string[]): Tokenizer {
  const vocab = Object.fromEntries(words.map((word, id) => [word, id]));
  const json = {
    model: { type: "WordLevel", vocab, unk_token: "<unk>" },
    pre_tokenizer: { type: "Whitespace" },
    post_processor: { type: "RobertaProcessing", cls: ["<s>", vocab["<s>"]], sep: ["</s>", vocab["</s>"]] },
  };
  return Tokenizer.fromJson(json, STUDY);
}

/** Returns batches of one split for a model; those of training have another order for each seed. */
export function groundingBatches(
  model: SimVg,
  data: GroundingData,
  { split, seed, settings }: { split: "train" | "asked"; seed: number; settings: GroundingStudySettings },
): BatchSource<GroundingBatch> {
  const isTraining = split === "train";
  return batches(model, {
    expressions: data[split],
    images: (image) => data.pictures.get(keyOf(image)) as RawImage,
    tokenizer: data.tokenizer,
    phrases: { length: settings.length },
    batchSize: settings.batchSize,
    shuffle: isTraining,
    dropLast: isTraining,
    seed,
  });
}
