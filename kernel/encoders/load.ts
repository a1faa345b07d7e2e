import { DeviceError, type DeviceRequest } from "../backend";
import { resolveDevice } from "../backend/node";
import { analyze, type Analysis } from "../onnx/inspect";
import { Encoder } from "./encoder";
import type { EncoderSource } from "./encoder-info";
import { EncoderError } from "./errors";
import { fetchModel, fetchText, type HubModelOptions } from "./hub-model";
import { baseGrid, findLayout, type TokenLayout, type TokenOptions } from "./layout";
import { locateModel, type ModelFiles, type ZooName } from "./locate";
import { Network } from "./network";
import { resizeModel } from "./positions";
import { checkPrecision, type Precision, quantizeModel } from "./precision";
import { readSideInputs, type SideInput } from "./side-inputs";
import { mergePreprocess, type PreprocessName, type PreprocessOptions, resizePlan } from "./preprocess/config";
import type { Preprocess } from "./preprocess/preprocess";
import { checkOptionNames, type OptionNames } from "../rules/option-names";

/** Options of loading an encoder. */
export interface LoadOptions extends TokenOptions, HubModelOptions {
  /** Device to use; an explicit device that does not start is an error. Default `auto`: the best device that starts. */
  device?: DeviceRequest;
  /**
   * Needed where no configuration lies beside the model. Options win over it key by key; a whole configuration of transformers, timm or
   * open_clip takes its place. `imagenet`, `clip` and `half` are means and deviations by name. Default: the model's own configuration.
   */
  preprocess?: PreprocessOptions | PreprocessName | object;
  /**
   * Side or `[height, width]` of the model's input, where it differs from the exported one, or the graph takes any. Learned positions are
   * interpolated; a graph with a fixed number of tokens is refused. Default: the exported size.
   */
  inputSize?: number | [number, number];
  /**
   * Number format. `int8` runs about twice as fast on processors with integer dot products (such as AVX-512 VNNI) and
   * changes features by a percent or two; for the device `cpu`. Graphs that are quantized already (QDQ) run as they are, and
   * exactly on processors without such products too. Default `fp32`.
   */
  precision?: Precision;
  /**
   * Constants for inputs of the graph beside the picture, as a mask. Known by name: `bool_masked_pos` (zeros), `pixel_mask` and
   * `pixel_attention_mask` (ones). Default: these alone.
   */
  inputs?: Record<string, SideInput>;
  /**
   * Name of the encoder. Default: the folder's or file's name, for the hub `owner/name`; with `-int8` in that
   * precision.
   */
  name?: string;
}

const LOAD = "encoders.load";
const NAMES: OptionNames<LoadOptions> = {
  device: true,
  preprocess: true,
  inputSize: true,
  precision: true,
  inputs: true,
  name: true,
  patchSize: true,
  prefixTokens: true,
  file: true,
  onProgress: true,
  signal: true,
};

/**
 * Loads a frozen encoder: `zoo/<name>`, a `.onnx` file, a folder with `model.onnx` and `preprocessor_config.json`, or
 * `hf:owner/name[@revision]` from the hub. Its blocks are found by the structure of the graph; no special export is
 * needed.
 *
 * @param source name or path of the encoder
 * @throws EncoderError when files are missing or no blocks are found
 * @throws OnnxError for a damaged file
 * @throws DeviceError when an explicit device does not start
 * @throws HubError for files that the hub does not deliver
 */
export async function load(source: ZooName | (string & {}), options: LoadOptions = {}): Promise<Encoder> {
  if (typeof source !== "string")
    throw new EncoderError(
      LOAD,
      "the model must be zoo/<name>, a .onnx file, a folder or hf:owner/name",
      typeof source,
    );
  checkOptionNames(LOAD, options, NAMES, EncoderError);
  const { precision = "fp32", device = "auto" } = options;
  checkPrecision(LOAD, precision, device);
  const files = await findFiles(source, options);
  const { analysis, sides, own, plan } = readGraph(files, options);
  const isResized = plan.inputSize.some((side, i) => side !== own.inputSize[i]);
  const fitted = isResized ? resizeModel(LOAD, analysis, own.inputSize, plan.inputSize) : analysis;
  const isInt8 = precision === "int8";
  const chosen = isInt8 ? await quantizeModel(LOAD, fitted) : fitted;
  const network = new Network(chosen, await resolveDevice(isInt8 ? "cpu" : device, LOAD), LOAD, sides);
  try {
    await network.open();
    const layouts = await findLayouts(network, plan.inputSize, options, isResized);
    const embedding = analysis.model.outputs.find((output) => output.name === "image_embeds")?.name ?? null;
    const name = options.name ?? `${files.name}${isInt8 ? "-int8" : ""}`;
    const { text } = files;
    return new Encoder({ name, source: sourceOf(source, options), network, layouts, plan, embedding, text });
  } catch (error) {
    await network.dispose();
    if (!isResized || !(error instanceof DeviceError)) throw error;
    const size = own.inputSize.join(" x ");
    throw new EncoderError(LOAD, `the graph fixes its number of tokens, inputSize must be ${size}`, plan.inputSize);
  }
}

/** A graph that features can be taken from, and the preparation of its pictures. */
interface ReadGraph {
  analysis: Analysis;
  sides: ReturnType<typeof readSideInputs>;
  /** Preparation at the size of the model. */
  own: Preprocess;
  /** Preparation at the size that is asked for. */
  plan: Preprocess;
}

function readGraph({ model, config }: ModelFiles, { inputs = {}, preprocess, inputSize }: LoadOptions): ReadGraph {
  const analysis = analyze(model, LOAD);
  if (analysis.refusal)
    throw new EncoderError(LOAD, `no features can be taken from the graph: ${analysis.refusal}`, model);
  const sides = readSideInputs(LOAD, analysis, inputs);
  const own = mergePreprocess(preprocess, config, graphSize(analysis), LOAD, inputSize);
  return { analysis, sides, own, plan: inputSize === undefined ? own : resizePlan(LOAD, own, inputSize) };
}

/** Returns the options that a second call needs for the same features, without those of device and fetching. */
function sourceOf(model: string, options: LoadOptions): EncoderSource {
  const { file, inputs, inputSize, name, patchSize, precision, prefixTokens, preprocess } = options;
  const repeated = { file, inputs, inputSize, name, patchSize, precision, prefixTokens, preprocess };
  const given = Object.entries(repeated).filter(([, value]) => value !== undefined);
  return { model, options: Object.fromEntries(given) };
}

async function findFiles(source: string, options: HubModelOptions): Promise<ModelFiles> {
  if (!source.startsWith("hf:")) return locateModel(source, LOAD);
  const path = await fetchModel(source, options, LOAD);
  const text = (): Promise<string> => fetchText(source, path, options);
  return { ...locateModel(path, LOAD), name: source.slice(3), text };
}

/** Returns `[height, width]` where the graph fixes both. */
function graphSize({ image }: Analysis): [number, number] | null {
  const [height, width] = image.dims?.slice(2) ?? [];
  return typeof height === "number" && typeof width === "number" && height > 0 && width > 0 ? [height, width] : null;
}

/**
 * Finds the layout of each block's stream by running an empty picture: the part before the first block where all blocks
 * are alike, the whole model where stages differ or its input size was changed.
 */
async function findLayouts(
  network: Network,
  inputSize: [number, number],
  options: TokenOptions,
  whole: boolean,
): Promise<TokenLayout[]> {
  const { blocks } = network.analysis.structure;
  const alike = !whole && blocks.every((block) => block.stage === blocks[0].stage);
  const fetches = alike ? [blocks[0].input] : blocks.map((block) => block.residual);
  const batch = network.fixedBatch ?? 1;
  const dims = [batch, 3, ...inputSize];
  const streams = await network.run(new Float32Array(batch * 3 * inputSize[0] * inputSize[1]), dims, fetches, alike);
  const base = baseGrid(network.analysis, inputSize, options.patchSize);
  const channelsFirst = blocks.every((block) => block.attention === null);
  const layouts = streams.map((stream) => findLayout(LOAD, stream.dims, base, { ...options, channelsFirst }));
  const odd = layouts.findIndex((layout) => layout.prefixTokens !== layouts[0].prefixTokens);
  if (odd >= 0)
    throw new EncoderError(
      LOAD,
      "all blocks must see the same class and register tokens (class attention is not read)",
      `block ${odd}`,
    );
  return blocks.map((_, i) => layouts[alike ? 0 : i]);
}
