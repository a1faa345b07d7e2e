import { checkArguments } from "../../rules/arguments";
import { startTfjs } from "../../backend/tfjs";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import type { Encoder } from "../../encoders/encoder";
import type { FloatTensor } from "../../encoders/network";
import { makeTrainableBy } from "../../encoders/trainable";
import { Graph } from "../../onnx/graph";
import { DataType } from "../../onnx/model";
import { Prng } from "../../numeric/prng";
import { ModelError } from "../error";
import type { VitConfig } from "../vit/config";
import { VisionTransformer } from "../vit/vit";
import { type GraphBlock, putNorm, readBlock, branchesOf } from "./blocks";
import { type GraphNorm, readGraphNorm } from "./linears";
import { type GraphStem, readStem } from "./stem";
import { Unreadable } from "./unreadable";

const FN = "encoders.Encoder.trainable";
/** Stream of the picture that encoder and model are compared on. */
const STREAM = "encoder.trainable";

/** Largest difference from the encoder's features, in parts of a layer's largest value. */
const TOLERANCE = 1e-4;
/** The same for an encoder that computes in half precision, which has 11 bits. */
const HALF_TOLERANCE = 5e-3;

type Weights = GraphBlock["weights"];

/**
 * Makes a vision transformer that can be trained out of an encoder: configuration and weights are read from its graph by structure,
 * and its features are compared with the encoder's. Starts the default device where none was started.
 *
 *     const model = await encoder.trainable();
 *     const file = await models.toOnnx(model, { inputs: { pixel_values: [1, 3, 224, 224] }, dynamic: ["batch"] });
 *
 * @param encoder encoder whose blocks are pre-norm attention and a feed-forward layer: ViT, DeiT, DINOv2, CLIP's and SigLIP's towers,
 *   AIMv2, and the transformers of the zoo
 * @throws ModelError with the reason where the structure is another one, or features would differ
 */
export async function trainable(encoder: Encoder): Promise<VisionTransformer> {
  checkArguments("models.trainable", ModelError, { encoder }, { encoder: { network: { analysis: "object" } } });
  await startTfjs();
  const { analysis } = encoder.network;
  try {
    const { model, unread } = await build(encoder, new Graph(analysis.model, analysis.image, FN));
    await compare(encoder, model, unread);
    return model.eval();
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    throw new ModelError(FN, `${encoder.name} cannot be trained: ${error.message}`, encoder.source.model);
  }
}

async function build(encoder: Encoder, graph: Graph): Promise<{ model: VisionTransformer; unread: string | null }> {
  const { blocks: sites, finalNorm } = encoder.network.analysis.structure;
  checkKind(encoder);
  const branches = branchesOf(graph);
  const blocks = sites.map((site) => readBlock(graph, site, branches));
  const features = blocks[0].config.embedDim as number;
  const stem = readStem(graph, sites[0].input, features);
  const model = new VisionTransformer({
    ...blocks[0].config,
    ...stem.config,
    ...(await sizesOf(encoder)),
    finalNorm: finalNorm !== null,
  });
  try {
    assignAll(model, blocks, stem);
    if (finalNorm) assignFinal(model, readGraphNorm(graph, finalNorm, features));
    await assignTokens(encoder, model, stem);
  } catch (error) {
    model.dispose();
    throw error;
  }
  return { model, unread: blocks.find(({ unread }) => unread)?.unread ?? null };
}

/** Returns the part of the configuration that the encoder tells. */
async function sizesOf(encoder: Encoder): Promise<VitConfig> {
  return {
    imgSize: encoder.info.inputSize,
    depth: encoder.info.depth,
    numHeads: await headsOf(encoder),
    ...prefixOf(encoder),
    posResample: "bicubic",
    fcNorm: false,
    weightInit: "skip",
  };
}

function checkKind({ info }: Encoder): void {
  if (info.precision !== "fp32") throw new Unreadable("its weights are stored in 8 bits");
  if (info.blocks.some(({ stage }) => stage > 0))
    throw new Unreadable("its blocks are in several stages of different grids");
  const hidden = info.blocks.find(({ attention }) => attention === null);
  if (hidden) throw new Unreadable(`block ${hidden.index} has no attention that can be read`);
}

/** Prefix tokens as registers without positions, because positions may be added to them already. */
function prefixOf({ info }: Encoder): VitConfig {
  const { prefixTokens } = info;
  const shared = { noEmbedClass: true, globalPool: prefixTokens ? "token" : "avg" } as const;
  return prefixTokens ? { ...shared, classToken: true, regTokens: prefixTokens - 1 } : { ...shared, classToken: false };
}

async function headsOf(encoder: Encoder): Promise<number> {
  const [block] = encoder.network.analysis.structure.blocks;
  const [attention] = await runBlank(encoder, [block.attention as string]);
  return attention.dims.length === 4 ? attention.dims[1] : attention.dims[0];
}

/** Runs the encoder on one picture without content. */
function runBlank(encoder: Encoder, tensors: string[]): Promise<FloatTensor[]> {
  const { inputSize } = encoder.info;
  return runPixels(encoder, new Float32Array(3 * inputSize[0] * inputSize[1]), tensors);
}

async function runPixels(encoder: Encoder, picture: Float32Array, tensors: string[]): Promise<FloatTensor[]> {
  const { network, info } = encoder;
  const batch = network.fixedBatch ?? 1;
  const pixels = new Float32Array(batch * picture.length);
  for (let i = 0; i < batch; i++) pixels.set(picture, i * picture.length);
  const results = await network.run(pixels, [batch, 3, ...info.inputSize], tensors, true, FN);
  return results.map(({ data, dims }) => ({
    data: data.subarray(0, data.length / batch),
    dims: [dims[0] / batch, ...dims.slice(1)],
  }));
}

function assignAll(model: VisionTransformer, blocks: readonly GraphBlock[], stem: GraphStem): void {
  const weights: Weights = new Map(stem.weights);
  blocks.forEach((block, i) => block.weights.forEach((value, name) => weights.set(`blocks.${i}.${name}`, value)));
  if (stem.preNorm) putNorm(weights, "norm_pre", stem.preNorm);
  assign(model, weights);
}

function assignFinal(model: VisionTransformer, norm: GraphNorm): void {
  const weights: Weights = new Map();
  putNorm(weights, "norm", norm);
  assign(model, weights);
}

/** Assigns weights by name; biases that a block of the graph lacks stay zero. */
function assign(model: VisionTransformer, weights: Weights): void {
  const parameters = model.namedParameters();
  for (const [name, { values }] of weights) {
    const parameter = parameters.get(name);
    if (parameter?.size !== values.length) throw new Unreadable(`${name} has another size than in the first block`);
    parameter.assign(values);
  }
}

/** Takes prefix tokens and positions from the stream of a picture without content, of which patches are known. */
async function assignTokens(encoder: Encoder, model: VisionTransformer, stem: GraphStem): Promise<void> {
  const [{ data }] = await runBlank(encoder, [stem.embedded]);
  const { inputSize, prefixTokens: prefix } = encoder.info;
  const features = model.config.embedDim;
  const patches = tf.tidy(() => model.patchEmbed.forward(tf.zeros([1, 3, ...inputSize])));
  const plain = await patches.data<"float32">();
  patches.dispose();
  if (data.length !== plain.length + prefix * features)
    throw new Unreadable("its stream does not hold prefix tokens followed by one token for each patch");
  model.clsToken?.assign(data.slice(0, features));
  model.regToken?.assign(data.slice(features, prefix * features));
  model.posEmbed?.assign(data.slice(prefix * features).map((value, i) => value - plain[i]));
}

/** Compares every layer on a picture of noise. */
async function compare(encoder: Encoder, model: VisionTransformer, unread: string | null): Promise<void> {
  const { inputSize } = encoder.info;
  const { model: graph, structure } = encoder.network.analysis;
  const isHalf = [...graph.initializers.values()].some(({ dataType }) => dataType === DataType.float16);
  const tolerance = isHalf ? HALF_TOLERANCE : TOLERANCE;
  const random = new Prng(0, STREAM);
  const picture = Float32Array.from({ length: 3 * inputSize[0] * inputSize[1] }, () => random.normal());
  const streams = await runPixels(
    encoder,
    picture,
    structure.blocks.map(({ residual }) => residual),
  );
  model.eval();
  const own = tf.tidy(() => streamsOf(model, tf.tensor(picture, [1, 3, ...inputSize])));
  try {
    for (const [i, stream] of own.entries())
      checkLayer(i, { expected: streams[i].data, actual: await stream.data<"float32">(), tolerance });
  } catch (error) {
    model.dispose();
    throw unread === null ? error : new Unreadable(unread);
  } finally {
    tf.dispose(own);
  }
}

/** Returns the stream after each block, prefix tokens first. */
function streamsOf(model: VisionTransformer, x: Tensor): Tensor[] {
  const { intermediates, prefixTokens = [] } = model.forwardIntermediates(x, {
    outputFmt: "NLC",
    returnPrefixTokens: true,
    intermediatesOnly: true,
  });
  return intermediates.map((patches, i) => (prefixTokens[i] ? tf.concat([prefixTokens[i], patches], 1) : patches));
}

function checkLayer(
  layer: number,
  { expected, actual, tolerance }: { expected: Float32Array; actual: Float32Array; tolerance: number },
): void {
  let [scale, worst] = [1e-6, 0];
  if (expected.length !== actual.length) throw new Unreadable(`layer ${layer} has another number of tokens`);
  for (let i = 0; i < expected.length; i++) {
    scale = Math.max(scale, Math.abs(expected[i]));
    worst = Math.max(worst, Math.abs(expected[i] - actual[i]));
  }
  if (worst <= tolerance * scale) return;
  throw new Unreadable(
    `it computes something beside attention, feed-forward layers and norms (layer ${layer} differs by ${(worst / scale).toExponential(1)})`,
  );
}

declare module "../../encoders/trainable" {
  interface TrainableModels {
    model: VisionTransformer;
  }
}

makeTrainableBy(trainable);
