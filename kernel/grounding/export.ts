import { checkArguments } from "../rules/arguments";
import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import { isRecord, parseJson } from "../rules/json-text";
import { Tokenizer } from "../encoders/tokenizer/tokenizer";
import { modelFolder } from "../models/folder";
import type { OnnxModelFile } from "../models/onnx/file";
import { toOnnx as writeOnnx } from "../models/onnx/to-onnx";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { isFile, mkdir, readFile, replaceFile, writeFile } from "../platform/files";
import { dirname, join } from "../platform/path";
import { boxCorners } from "../tasks/boxes/tensors";
import { predictingBranch } from "./config";
import { GroundingError } from "./error";
import type { SimVg } from "./model";
import { type ChannelStatistics, stretchTo } from "./preprocess";

/** Options of {@link toOnnx}. */
export interface GroundingOnnxOptions {
  /** Branch that is written; the weights of the other one are left out. Default `token`, or the only one. */
  branch?: "token" | "decoder";
  /** Number of ids in a phrase, its frame and padding included. Default 20. */
  length?: number;
}

/** Options of {@link saveOnnx}. */
export interface SaveGroundingOnnxOptions extends GroundingOnnxOptions, ChannelStatistics {
  /** The `tokenizer.json` that the model was trained with: its path, a folder that holds it, such as `zoo/phrase-beit3`, or its content. */
  tokenizer: string | object;
}

const [WRITE, SAVE] = ["grounding.toOnnx", "grounding.saveOnnx"];
const NAMES: OptionNames<GroundingOnnxOptions> = { branch: true, length: true };
const SAVE_NAMES: OptionNames<SaveGroundingOnnxOptions> = { ...NAMES, tokenizer: true, mean: true, std: true };

/**
 * Writes a model as ONNX, by default with the token branch alone (arXiv 2409.17531, section 3.2), so that no layer of the decoder is in
 * the file. Inputs are `pixel_values` [batch, 3, H, W], `input_ids` and `attention_mask`, int32 [batch, length]. Outputs are `boxes`
 * [batch, Q, 4], left, top, right and bottom edges as shares of the picture, and `scores` [batch, Q], probabilities of the foreground.
 *
 *     const file = await grounding.toOnnx(model);
 *     await file.save("boats/model.onnx");
 *
 * @throws GroundingError for an unknown option, a branch that the model lacks, or a length that its table of positions does not have
 * @throws ModelError as `models.toOnnx`
 */
export async function toOnnx(model: SimVg, options: GroundingOnnxOptions = {}): Promise<OnnxModelFile> {
  checkArguments("grounding.toOnnx", GroundingError, { model }, { model: "module" });
  checkOptionNames(WRITE, options, NAMES, GroundingError);
  return graphOf(WRITE, model, options);
}

/**
 * Writes a folder for `fovea ground` and {@link loadOnnx}, which is made where it is missing: the model of {@link toOnnx}, and beside it
 * `tokenizer.json` and `preprocessor_config.json`. Each file is written beside its place and then moved, the model last.
 *
 *     await grounding.saveOnnx(model, "boats/model.onnx", { tokenizer: "zoo/phrase-beit3" });
 *
 * @param path file that ends in `.onnx`
 * @throws GroundingError for an unknown option, another ending, a branch that the model lacks, or a tokenizer that is no JSON object
 * @throws EncoderError for a tokenizer of a kind that cannot be read
 * @throws ModelError as `models.toOnnx`
 */
export async function saveOnnx(model: SimVg, path: string, options: SaveGroundingOnnxOptions): Promise<void> {
  checkArguments(SAVE, GroundingError, { model, path }, { model: "module", path: "string" });
  checkOptionNames(SAVE, options, SAVE_NAMES, GroundingError);
  if (!path.endsWith(".onnx")) throw new GroundingError(SAVE, "the path must end in .onnx", path);
  const tokenizer = await tokenizerJson(options.tokenizer);
  const file = await graphOf(SAVE, model, options);
  await mkdir(dirname(path), { recursive: true });
  const json = (name: string, value: object): Promise<void> =>
    replaceFile(join(dirname(path), name), (beside) => writeFile(beside, `${JSON.stringify(value, null, 2)}\n`));
  await json("tokenizer.json", tokenizer);
  await json("preprocessor_config.json", stretchTo(model.encoder.config.imgSize, options));
  await file.save(path);
}

function graphOf(fn: string, model: SimVg, options: GroundingOnnxOptions): Promise<OnnxModelFile> {
  const { branches } = model.head.config;
  const { branch = predictingBranch(branches), length = 20 } = options;
  const legal = branches === "both" ? ["token", "decoder"] : [branches];
  if (!legal.includes(branch)) throw new GroundingError(fn, `branches are ${legal.join(", ")}`, branch);
  const most = model.encoder.maxTextLength;
  if (!(Number.isInteger(length) && length >= 1 && length <= most))
    throw new GroundingError(fn, `length must be a whole number of 1..${most}`, length);
  const words = { shape: [1, length], dtype: "int32" } as const;
  return writeOnnx(model, {
    inputs: { pixel_values: [1, 3, ...model.encoder.config.imgSize], input_ids: words, attention_mask: words },
    dynamic: ["batch"],
    call: (pixels, text, textMask) => {
      const { token, decoder = [] } = model.forward({ pixels, text, textMask }, branch);
      const { logits, boxes } = token ?? decoder[decoder.length - 1];
      const corners = boxCorners(tf.reshape(boxes, [-1, 4]));
      return { boxes: tf.reshape(corners, boxes.shape), scores: foreground(logits) };
    },
    name: `SimVG-${branch}`,
  });
}

/** Returns the probabilities of the foreground, [B, Q], of logits [B, Q, 2]. */
function foreground(logits: Tensor): Tensor {
  const [B, Q] = logits.shape as [number, number, number];
  return tf.reshape(tf.slice(tf.softmax(logits), [0, 0, 0], [B, Q, 1]), [B, Q]);
}

async function tokenizerJson(source: string | object): Promise<object> {
  const value = await contentOf(source);
  if (!isRecord(value) || value instanceof Tokenizer)
    throw new GroundingError(SAVE, "tokenizer must be a JSON object, or the path of one", source);
  // A tokenizer that cannot be read is refused before a file stands in the folder.
  Tokenizer.fromJson(value, SAVE);
  return value;
}

/** Returns the content of a `tokenizer.json`, null where it is no JSON. */
async function contentOf(source: string | object): Promise<unknown> {
  if (typeof source !== "string") return source;
  const place = modelFolder(source);
  const path = isFile(place) || !place ? place : join(place, "tokenizer.json");
  if (!isFile(path)) throw new GroundingError(SAVE, "the tokenizer must exist", source);
  try {
    return parseJson(await readFile(path, "utf8"));
  } catch {
    return null;
  }
}
