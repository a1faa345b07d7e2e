import { checkArguments } from "../../rules/arguments";
import { startTfjs } from "../../backend/tfjs";
import { transpose } from "../../encoders/feature-map";
import { Tokenizer } from "../../encoders/tokenizer";
import * as nn from "../../nn";
import { toFloat32 } from "../../nn/module/floats";
import { joinFloats } from "../../numeric";
import { checkOptionNames, given, type OptionNames } from "../../rules/option-names";
import { existsSync, isFile, statSync } from "../../platform/files";
import { join } from "../../platform/path";
import { readSafetensors, writeSafetensors } from "../../safetensors/safetensors";
import { isWhole } from "../../rules/rule-error";
import { numberOfValues, type SafetensorsTensor } from "../../safetensors/tensor";
import { ModelError } from "../error";
import { fileOf, modelFolder, readObject } from "../folder";
import { resampleTable } from "../vit/positions";
import { Beit3 } from "./beit3";
import { type Beit3Config, OFFSET } from "./config";
import { beit3Parameters } from "./count";

/** Options of {@link loadBeit3State}. */
export interface LoadBeit3StateOptions {
  /** Refuse any change unless every name and shape agrees. Default true. */
  strict?: boolean;
  /** Resample patch convolution and positions of another patch or picture size, bicubic as SimVG does. Default false. */
  resample?: boolean;
}

/** Options of {@link loadBeit3}. */
export interface LoadBeit3Options extends LoadBeit3StateOptions {
  /** Keys that win over what the file's shapes and its configuration say, such as another picture size. Default: none. */
  config?: Beit3Config;
}

/** Names that a file and a model do not share. */
export interface Beit3LoadReport extends nn.LoadReport {
  /** Names in the file that have no place in such an encoder, as heads of the pre-training. */
  ignored: string[];
  /** Names of the tensors that were resampled. */
  resampled: string[];
}

/** Multimodal encoder with the report of its file. */
export interface LoadedBeit3 {
  /** The encoder, in evaluation mode. */
  model: Beit3;
  /** Tokenizer of the folder's `tokenizer.json`; null without one. */
  tokenizer: Tokenizer | null;
  /** Keys that the file and the encoder share, and those that they do not. */
  report: Beit3LoadReport;
}

type Tensors = ReadonlyMap<string, SafetensorsTensor>;

const FN = "models.loadBeit3";
const STATE_NAMES: OptionNames<LoadBeit3StateOptions> = { strict: true, resample: true };
const NAMES: OptionNames<LoadBeit3Options> = { ...STATE_NAMES, config: true };

/**
 * Loads an encoder from a safetensors file with the names of BEiT-3's release (arXiv 2208.10442), also where they stand behind a prefix such as `beit3.`.
 * Sizes come from the shapes; the number of heads is that of a folder's `config.json`, else one for 64 features unless given. Starts the
 * default device where none was started.
 *
 *     const { model, tokenizer } = await models.loadBeit3("zoo/phrase-beit3");
 *
 * @param source `zoo/phrase-beit3`, a safetensors file, or a folder with `model.safetensors`
 * @throws ModelError for a missing file, or one without such an encoder
 * @throws NnError naming every missing, unexpected and misshaped tensor
 * @throws SafetensorsError for a file that breaks the format
 */
export async function loadBeit3(
  source: "zoo/phrase-beit3" | (string & {}),
  options: LoadBeit3Options = {},
): Promise<LoadedBeit3> {
  checkOptionNames(FN, options, NAMES, ModelError);
  const { config = {}, strict, resample } = options;
  if (typeof config !== "object" || (config as unknown) === null)
    throw new ModelError(FN, "config must be an object", config);
  await startTfjs();
  const { path, stored, tokenizer } = filesOf(source);
  const { tensors } = await readSafetensors(path);
  const own = { ...configOfShapes(ownTensors(FN, tensors).tensors, path), ...stored };
  checkNumber(own, config, tensors, path);
  const model = new Beit3({ ...own, weightInit: strict === false ? "normal" : "skip", ...given(config) });
  try {
    return { model: model.eval(), tokenizer, report: loadBeit3State(model, tensors, { strict, resample }) };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

interface Beit3Files {
  path: string;
  /** Keys that a folder's configuration has. */
  stored: Beit3Config;
  tokenizer: Tokenizer | null;
}

/** Finds the weights, and the other files of their folder. */
function filesOf(source: string): Beit3Files {
  const place = typeof source === "string" ? modelFolder(source) : "";
  if (isFile(place)) return { path: place, stored: {}, tokenizer: null };
  if (!existsSync(place) || !statSync(place).isDirectory())
    throw new ModelError(FN, "the file or folder must exist", source);
  const has = (name: string): boolean => existsSync(join(place, name));
  return {
    path: fileOf(FN, place, "model.safetensors"),
    stored: has("config.json") ? storedConfig(readObject(FN, place, "config.json"), place) : {},
    tokenizer: has("tokenizer.json") ? Tokenizer.fromJson(readObject(FN, place, "tokenizer.json"), FN) : null,
  };
}

/** Reads the one size that shapes do not tell. */
function storedConfig({ numHeads }: Record<string, unknown>, place: string): Beit3Config {
  if (numHeads === undefined) return {};
  if (isWhole(numHeads)) return { numHeads: numHeads as number };
  throw new ModelError(FN, `numHeads of config.json in ${place} must be a whole number above 0`, numHeads);
}

/**
 * Assigns weights under the names of BEiT-3's release to an encoder. Floating types of any width are read.
 *
 * @throws ModelError for a file without such an encoder
 * @throws NnError naming every missing, unexpected and misshaped tensor; nothing has changed then
 */
export function loadBeit3State(model: Beit3, tensors: Tensors, options: LoadBeit3StateOptions = {}): Beit3LoadReport {
  const fn = "models.loadBeit3State";
  checkArguments(fn, ModelError, { model, tensors }, { model: "module", tensors: "map" });
  checkOptionNames(fn, options, STATE_NAMES, ModelError);
  const { strict = true, resample = false } = options;
  const { tensors: own, ignored } = ownTensors(fn, tensors);
  const resampled = resample ? resampleAll(model, own) : [];
  return { ...nn.loadState(model, own, { strict }), ignored, resampled };
}

/**
 * Writes an encoder's weights under the names of BEiT-3's release, each behind `beit3.`; a half-written file never stands in its place.
 */
export async function saveBeit3(model: Beit3, path: string): Promise<void> {
  checkArguments("models.saveBeit3", ModelError, { model, path }, { model: "module", path: "string" });
  const state = await nn.stateOf(model);
  await writeSafetensors(path, new Map([...state].map(([name, tensor]) => [`beit3.${name}`, tensor])), {
    format: "pt",
  });
}

const MARK = "vision_embed.cls_token";
const [PATCHES, PLACES, WORD_PLACES] = [
  "vision_embed.proj.weight",
  "encoder.embed_positions.A.weight",
  "encoder.embed_positions.B.weight",
];

/** Returns the encoder's tensors without their prefix, and the names of the others. */
function ownTensors(fn: string, all: Tensors): { tensors: Map<string, SafetensorsTensor>; ignored: string[] } {
  const mark = [...all.keys()].find((name) => name === MARK || name.endsWith(`.${MARK}`));
  if (mark === undefined) throw new ModelError(fn, `the file must have ${MARK}`, [...all.keys()].slice(0, 4));
  const prefix = mark.slice(0, -MARK.length);
  const isOwn = (name: string): boolean =>
    name.startsWith(prefix) && /^(text_embed|vision_embed|encoder)\./.test(name.slice(prefix.length));
  const names = [...all.keys()];
  const tensors = new Map<string, SafetensorsTensor>();
  for (const name of names.filter(isOwn)) tensors.set(name.slice(prefix.length), all.get(name) as SafetensorsTensor);
  return { tensors, ignored: names.filter((name) => !isOwn(name)) };
}

/** Reads sizes from shapes; positions are those of a square grid. */
function configOfShapes(tensors: Tensors, path: string): Beit3Config {
  const shapeOf = (name: string, rank = 2): readonly number[] => {
    const shape = tensors.get(name)?.shape;
    if (!shape) throw new ModelError(FN, `${path} must have ${name}`, [...tensors.keys()].slice(0, 4));
    if (shape.length !== rank) throw new ModelError(FN, `${name} of ${path} must have ${rank} sides`, shape);
    return shape;
  };
  const [vocabSize, embedDim] = shapeOf("text_embed.weight");
  const patchSize = shapeOf(PATCHES, 4)[3];
  const side = Math.sqrt(shapeOf(PLACES)[0] - 1 - OFFSET);
  const [hiddenDim] = shapeOf("encoder.layers.0.ffn.A.fc1.weight");
  const depth = new Set([...tensors.keys()].map((name) => /^encoder\.layers\.(\d+)\./.exec(name)?.[1])).size - 1;
  const [textPositions] = shapeOf(WORD_PLACES);
  return { vocabSize, embedDim, patchSize, imgSize: Math.round(side) * patchSize, hiddenDim, depth, textPositions };
}

/** Refuses sizes far above what the file holds before anything is made of them; a grid that the caller gives is the caller's. */
function checkNumber(own: Beit3Config, { numHeads }: Beit3Config, tensors: Tensors, path: string): void {
  const [total, stored] = [beit3Parameters({ ...own, ...given({ numHeads }) }), numberOfValues(tensors)];
  if (!(total <= 2 * stored)) throw new ModelError(FN, `${path} must hold the ${total} weights of its shapes`, stored);
}

/** Resamples tensors of another size and returns their names. */
function resampleAll(model: Beit3, tensors: Map<string, SafetensorsTensor>): string[] {
  const names: string[] = [];
  const replace = (name: string, made: SafetensorsTensor | null): void => {
    if (!made) return;
    tensors.set(name, made);
    names.push(name);
  };
  const [patches, places] = [tensors.get(PATCHES), tensors.get(PLACES)];
  if (patches) replace(PATCHES, resampledKernel(patches, model.config.patchSize));
  if (places) replace(PLACES, resampledPlaces(places, model));
  return names;
}

/** Resamples a convolution [C, 3, p, p] to another side. */
function resampledKernel(tensor: SafetensorsTensor, patchSize: number): SafetensorsTensor | null {
  const [C, channels, side] = tensor.shape;
  if (tensor.shape.length !== 4 || side === patchSize) return null;
  const features = C * channels;
  const turned = transpose(toFloat32("models.loadBeit3State", tensor), features, side * side);
  const table = resampleTable(turned, { side, rows: patchSize, columns: patchSize, features }, "bicubic");
  const data = transpose(table, patchSize * patchSize, features);
  return { dtype: "F32", shape: [C, channels, patchSize, patchSize], data };
}

/** Resamples positions [3 + n, C] to another grid; the first three rows stay. */
function resampledPlaces(tensor: SafetensorsTensor, { grid: [rows, columns] }: Beit3): SafetensorsTensor | null {
  const [count, features] = tensor.shape;
  const first = 1 + OFFSET;
  const side = Math.sqrt(count - first);
  if (tensor.shape.length !== 2 || count - first === rows * columns || !Number.isInteger(side)) return null;
  const table = toFloat32("models.loadBeit3State", tensor);
  const cells = resampleTable(table.subarray(first * features), { side, rows, columns, features }, "bicubic");
  const data = joinFloats([table.subarray(0, first * features), cells]);
  return { dtype: "F32", shape: [first + rows * columns, features], data };
}
