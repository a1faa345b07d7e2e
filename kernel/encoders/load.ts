import { type DeviceRequest, resolveDevice } from "../backend";
import { analyse, type Analysis } from "../onnx";
import { Encoder } from "./encoder";
import { EncoderError } from "./errors";
import { findLayout, type TokenOptions } from "./layout";
import { locateModel } from "./locate";
import { Network } from "./network";
import { type PreprocessOptions, readPreprocess } from "./preprocess-config";

/** How an encoder is loaded. */
export interface LoadOptions extends TokenOptions {
  /** Default `auto`: the best device that starts. An explicit one that does not start is an error. */
  device?: DeviceRequest;
  /** Needed where no `preprocessor_config.json` lies beside the model; wins over it where given. */
  preprocess?: PreprocessOptions | object;
  /** Default: the folder's or file's name. */
  name?: string;
}

const LOAD = "encoders.load";

/**
 * Loads a frozen encoder: `zoo/<name>`, a `.onnx` file, or a folder with `model.onnx` and `preprocessor_config.json`. Its
 * blocks are found in the graph by structure; no special export is needed.
 *
 * @throws EncoderError when files are missing or no blocks are found; `OnnxError` for a damaged file; `DeviceError`
 */
export async function load(source: string, options: LoadOptions = {}): Promise<Encoder> {
  if (typeof source !== "string")
    throw new EncoderError(LOAD, "the model must be zoo/<name>, a .onnx file or a folder", typeof source);
  const files = locateModel(source, LOAD);
  const analysis = analyse(files.model, LOAD);
  if (analysis.refusal)
    throw new EncoderError(LOAD, `no transformer blocks can be read from the graph: ${analysis.refusal}`, files.model);
  const config = options.preprocess ?? files.config;
  if (!config)
    throw new EncoderError(
      LOAD,
      "preprocess must be given, or preprocessor_config.json lie beside the model",
      files.model,
    );
  const plan = readPreprocess(config, graphSize(analysis), LOAD);
  const network = new Network(analysis, await resolveDevice(options.device ?? "auto", LOAD), LOAD);
  try {
    const layout = findLayout(LOAD, analysis, plan.inputSize, await streamDims(network, plan.inputSize), options);
    await network.open();
    const embedding = analysis.model.outputs.find((output) => output.name === "image_embeds")?.name ?? null;
    return new Encoder({ name: options.name ?? files.name, network, layout, plan, embedding, folder: files.folder });
  } catch (error) {
    await network.dispose();
    throw error;
  }
}

/** `[height, width]` where the graph fixes both. */
function graphSize({ image }: Analysis): [number, number] | null {
  const [height, width] = image.dims?.slice(2) ?? [];
  return typeof height === "number" && typeof width === "number" && height > 0 && width > 0 ? [height, width] : null;
}

/** Shape of the stream before the first block, by running the little that comes before it on an empty picture. */
async function streamDims(network: Network, [height, width]: [number, number]): Promise<number[]> {
  const { image, structure } = network.analysis;
  const batch = typeof image.dims?.[0] === "number" && image.dims[0] > 0 ? image.dims[0] : 1;
  const pixels = new Float32Array(batch * 3 * height * width);
  const [stream] = await network.run(pixels, [batch, 3, height, width], [structure.blocks[0].input], true);
  return stream.dims;
}
