import { checkArguments } from "../rules/arguments";
import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import * as nn from "../nn";
import { countedPlaces } from "../models/vision-language-model";
import { most, product } from "../numeric";
import { RefineError } from "./error";
import type { RefineModel } from "./model";

/** A picture with a prompt and the text that answers it, in plain data. */
export interface RefineExample {
  /** Pixels of the picture's tiles, [tiles, 3, H, W] row by row. */
  pixels: Float32Array;
  /** [tiles, 3, H, W]. */
  shape: readonly [tiles: number, channels: number, height: number, width: number];
  /** Word ids before the text, at least one; the picture follows the first. */
  prompt: readonly number[];
  /** Word ids of the text, at least one; the loss counts only these. */
  text: readonly number[];
}

/** Padded examples, in plain data. */
export interface RefineBatch {
  pixels: Float32Array;
  /** [B · tiles, 3, H, W]. */
  shape: readonly [number, number, number, number];
  /** [B, T]. */
  ids: Int32Array;
  /** [B, T], 0 for padding. */
  mask: Int32Array;
  /** `[B, T]`: the word after each place, -100 where it belongs to the prompt or to no word. */
  targets: Int32Array;
  /** B and T. */
  size: readonly [pictures: number, length: number];
}

const IGNORED = -100;

/**
 * Joins examples into a batch, padded on the right.
 *
 * @throws RefineError for anything but examples, no examples, an empty prompt or text, or pictures of different shapes
 */
export function batch(examples: readonly RefineExample[]): RefineBatch {
  checkExamples(examples);
  const lengths = examples.map(({ prompt, text }) => prompt.length + text.length);
  const T = most(lengths);
  const [tiles, channels, height, width] = examples[0].shape;
  const pixels = new Float32Array(examples.length * examples[0].pixels.length);
  const ids = new Int32Array(examples.length * T);
  const mask = new Int32Array(ids.length);
  const targets = new Int32Array(ids.length).fill(IGNORED);
  examples.forEach((one, row) => {
    pixels.set(one.pixels, row * one.pixels.length);
    ids.set(one.prompt, row * T);
    ids.set(one.text, row * T + one.prompt.length);
    mask.fill(1, row * T, row * T + lengths[row]);
    targets.set(one.text, row * T + one.prompt.length - 1);
  });
  const shape = [examples.length * tiles, channels, height, width] as const;
  return { pixels, shape, ids, mask, targets, size: [examples.length, T] };
}

function checkExamples(examples: readonly RefineExample[]): void {
  const fn = "refine.batch";
  const given: unknown = examples;
  if (!Array.isArray(given) || !given.length)
    throw new RefineError(fn, "examples must be a list of at least one", given);
  for (const example of given as readonly unknown[]) checkParts(fn, example);
  const [{ shape: first }] = examples;
  for (const { pixels, shape, prompt, text } of examples) {
    if (`${shape}` !== `${first}`)
      throw new RefineError(fn, `pictures of a batch must have one shape, [${first.join(", ")}]`, [...shape]);
    if (pixels.length !== product(shape))
      throw new RefineError(fn, `pixels must fill [${shape.join(", ")}]`, pixels.length);
    if (!prompt.length || !text.length)
      throw new RefineError(fn, "prompt and text must have a word", [prompt.length, text.length]);
  }
}

/** Checks that an example has pixels, their shape, and lists of words. */
function checkParts(fn: string, example: unknown): asserts example is RefineExample {
  const { pixels, shape, prompt, text } = (example ?? {}) as Partial<RefineExample>;
  if (!(pixels instanceof Float32Array) || !Array.isArray(shape) || shape.length !== 4)
    throw new RefineError(fn, "an example must have pixels, a Float32Array, and their shape of four numbers", example);
  if (![prompt, text].every((words) => Array.isArray(words) && words.every(Number.isInteger)))
    throw new RefineError(fn, "prompt and text of an example must be lists of word ids", [
      prompt ?? null,
      text ?? null,
    ]);
}

/**
 * Returns the mean cross-entropy of the next word over the words of the texts: picture and prompt are not counted, as in every stage of
 * SAILViT (arXiv 2507.01643).
 *
 * @returns a scalar
 */
export function loss(model: RefineModel, one: RefineBatch): Tensor {
  checkArguments(
    "refine.loss",
    RefineError,
    { model, one },
    {
      model: "module",
      one: { pixels: "list", shape: "list", ids: "list", mask: "list", targets: "list", size: "list" },
    },
  );
  const { places, words } = countedPlaces("refine.loss", tf.tensor(one.targets, [...one.size], "int32"));
  return nn.crossEntropy(model.languageModel.logits(nn.gatherRows(hiddenOf(model, one), places)), words);
}

/** Returns the last hidden states at all words of a batch, [B · T, hidden]. */
export function hiddenOf(model: RefineModel, { pixels, shape, ids, mask, size }: RefineBatch): Tensor {
  const hidden = model.forward({
    pixels: tf.tensor(pixels, [...shape]),
    ids: tf.tensor(ids, [...size], "int32"),
    mask: tf.tensor(mask, [...size], "int32"),
  });
  return tf.reshape(hidden, [-1, hidden.shape[2] as number]);
}
