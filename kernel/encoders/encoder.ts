import type { Device } from "../backend";
import type { ImageInput } from "../data/image";
import type { Analysis, BlockInfo } from "../onnx";
import { blockInfo, countParameters } from "../onnx";
import { Collector } from "./collector";
import { describe, DISPLAY, type DisplayBundle, thousands } from "./display";
import { Embeddings } from "./embeddings";
import { EncoderError } from "./errors";
import type { FeatureMap } from "./feature-map";
import type { TokenLayout } from "./layout";
import { TextTower } from "./text-tower";
import type { Network } from "./network";
import { checkBatchSize, checkOptions, type CheckedOptions, type ForwardOptions } from "./options";
import { preprocess, type Preprocess, type Preprocessed } from "./preprocess";

/** One block of an encoder, as timm's `feature_info` tells it. */
export interface LayerInfo {
  layer: number;
  channels: number;
  /** Pixels of the input for one step of the grid. */
  reduction: number;
}

/** What an encoder is. */
export interface EncoderInfo {
  name: string;
  path: string | null;
  device: Device;
  /** `[height, width]` in pixels. */
  inputSize: readonly [number, number];
  /** Pixels between neighbouring tokens of the first block; `featureInfo` has those of each. */
  patchSize: number;
  /** The same, by the name that convolutional networks use. */
  stride: number;
  grid: readonly [rows: number, columns: number];
  prefixTokens: number;
  /** Of the last block. */
  channels: number;
  /** Number of blocks. */
  depth: number;
  parameters: number;
  opset: number;
  blocks: readonly BlockInfo[];
  /** Whether `norm: true` can be had. */
  hasFinalNorm: boolean;
  /** Whether `embed` can be had. */
  hasEmbedding: boolean;
  preprocess: Readonly<Preprocess>;
}

/** What `forwardIntermediates` returns. */
export interface ForwardResult {
  /**
   * Tokens after the last visited block and the final norm, `NLC`, prefix tokens apart (without norm where the model has
   * none). Absent with `intermediatesOnly`.
   */
  final?: FeatureMap;
  /** In depth order. */
  intermediates: FeatureMap[];
}

/** What an encoder is made of; `encoders.load` makes it. */
export interface EncoderParts {
  name: string;
  network: Network;
  /** One entry a block. */
  layouts: TokenLayout[];
  plan: Preprocess;
  embedding: string | null;
  /** Where a text tower may lie. */
  folder: string;
}

const FORWARD = "encoders.forwardIntermediates";

/** A frozen vision transformer. It holds memory of the device until `dispose`. */
export class Encoder {
  readonly name: string;
  readonly device: Device;
  readonly info: EncoderInfo;
  /** One entry a block. */
  readonly featureInfo: readonly LayerInfo[];
  private readonly parts: EncoderParts;
  private text: Promise<TextTower> | null = null;
  private disposed = false;

  constructor(parts: EncoderParts) {
    this.parts = parts;
    this.name = parts.name;
    this.device = parts.network.device;
    this.info = infoOf(parts);
    this.featureInfo = parts.layouts.map(({ channels, stride }, layer) => ({ layer, channels, reduction: stride[0] }));
  }

  /**
   * The residual stream after chosen blocks, with timm's meaning of every option.
   *
   * @param images one or many
   * @throws EncoderError for a layer out of range or an illegal option; `ImageError` for a picture that cannot be read
   */
  async forwardIntermediates(
    images: ImageInput | readonly ImageInput[],
    options: ForwardOptions = {},
  ): Promise<ForwardResult> {
    this.checkOpen(FORWARD);
    const { layouts, network, plan } = this.parts;
    const { structure, norm } = network.analysis;
    const checked = checkOptions(FORWARD, options, structure.blocks.length);
    if (checked.norm && !norm)
      throw new EncoderError(FORWARD, `${this.name} has no final norm, norm must be false`, true);
    const inputs = listOf(images);
    const last = checked.stopEarly ? checked.layers[checked.layers.length - 1] : structure.blocks.length - 1;
    const wanted = checked.intermediatesOnly ? checked.layers : [...new Set([...checked.layers, last])];
    const fetches = wanted.map((layer) => structure.blocks[layer].residual);
    const collectors = wanted.map((layer) => new Collector(inputs.length, layouts[layer]));
    const cut = checked.stopEarly && last < structure.blocks.length - 1;
    const geometry = await this.eachBatch(
      inputs,
      plan,
      checked,
      FORWARD,
      async ({ pixelValues, dims }, start, count) => {
        const outputs = await network.run(pixelValues, dims, fetches, cut);
        collectors.forEach((collector, i) => collector.add(outputs[i], start, count));
      },
    );
    const source = { encoder: this.name, device: this.device, geometry };
    const intermediates = checked.layers.map((layer, i) =>
      collectors[i].featureMap({ ...source, layer }, checked, checked.norm ? norm : null),
    );
    if (checked.intermediatesOnly) return { intermediates };
    const whole = { outputFmt: "NLC", returnPrefixTokens: true } as const;
    return {
      final: collectors[wanted.indexOf(last)].featureMap({ ...source, layer: last }, whole, norm),
      intermediates,
    };
  }

  /**
   * The embedding of each image in the space shared with text, `[B, D]`, as the model gives it (not of unit length).
   *
   * @throws EncoderError when the model has no such output
   */
  async embed(
    images: ImageInput | readonly ImageInput[],
    options: Pick<ForwardOptions, "batchSize" | "onProgress" | "signal"> = {},
  ): Promise<Embeddings> {
    this.checkOpen("encoders.embed");
    const { embedding, network, plan } = this.parts;
    if (embedding === null) {
      const outputs = network.analysis.model.outputs.map((output) => output.name);
      throw new EncoderError("encoders.embed", `${this.name} needs an output image_embeds`, outputs);
    }
    const inputs = listOf(images);
    const rows: Float32Array[] = [];
    const { onProgress = () => {}, signal = null } = options;
    const batch = { batchSize: checkBatchSize("encoders.embed", options.batchSize), onProgress, signal };
    await this.eachBatch(inputs, plan, batch, "encoders.embed", async ({ pixelValues, dims }, _start, count) => {
      const [output] = await network.run(pixelValues, dims, [embedding], false);
      const size = output.data.length / output.dims[0];
      rows.push(output.data.subarray(0, count * size));
    });
    return Embeddings.from(rows, inputs.length, this.name, this.device);
  }

  /**
   * The embedding of each text in the space shared with images, `[B, D]`, by the text tower in the encoder's folder.
   *
   * @throws EncoderError when the folder holds no text.onnx with a word-level tokenizer.json
   */
  async embedText(texts: string | readonly string[], options: { batchSize?: number } = {}): Promise<Embeddings> {
    const fn = "encoders.embedText";
    this.checkOpen(fn);
    const list = typeof texts === "string" ? [texts] : texts;
    const bad = list.find((text) => typeof text !== "string");
    if (bad !== undefined) throw new EncoderError(fn, "texts must be text", bad);
    this.text ??= TextTower.open(this.parts.folder, this.device);
    this.text.catch(() => (this.text = null));
    const rows = await (await this.text).embed(list, checkBatchSize(fn, options.batchSize ?? 64));
    return Embeddings.from(rows, list.length, this.name, this.device);
  }

  /** Frees the model. Using the encoder afterwards is an error; disposing twice is not. */
  async dispose(): Promise<void> {
    this.disposed = true;
    await this.parts.network.dispose();
    await (await this.text)?.dispose();
  }

  [DISPLAY](): DisplayBundle {
    const { info } = this;
    const parts = [
      `residual stream of ${info.depth} blocks`,
      ...(info.hasFinalNorm ? ["final norm"] : []),
      ...(info.hasEmbedding ? ["image embedding"] : []),
    ];
    return describe(`Encoder ${this.name}`, [
      ["device", this.disposed ? `${this.device} (disposed)` : this.device],
      ["input", `${info.inputSize.join(" x ")} pixels`],
      ["patch", `${info.patchSize} pixels, grid ${info.grid.join(" x ")}, ${info.prefixTokens} prefix tokens`],
      ["blocks", String(info.depth)],
      ["channels", String(info.channels)],
      ["parameters", thousands(info.parameters)],
      ["exposes", parts.join(", ")],
    ]);
  }

  /** Runs `step` on each batch in order; the next batch is decoded while the model works on the present one. */
  private async eachBatch(
    inputs: readonly ImageInput[],
    plan: Preprocess,
    { batchSize, onProgress, signal }: Pick<CheckedOptions, "batchSize" | "onProgress" | "signal">,
    fn: string,
    step: (batch: Preprocessed, start: number, count: number) => Promise<void>,
  ): Promise<Preprocessed["geometry"]> {
    const fixed = fixedBatch(this.parts.network.analysis);
    const size = fixed ?? batchSize;
    const prepare = (start: number): Promise<Preprocessed> => preprocess(inputs.slice(start, start + size), plan, fn);
    const geometry: Preprocessed["geometry"] = [];
    let next = prepare(0);
    for (let start = 0; start < inputs.length; start += size) {
      signal?.throwIfAborted();
      const batch = await next;
      next = prepare(start + size);
      // A bad image of the next batch is reported when its turn comes, not as an unhandled rejection now.
      next.catch(() => {});
      const count = batch.geometry.length;
      this.checkOpen(fn);
      await step(fixed === null ? batch : padBatch(batch, fixed), start, count);
      geometry.push(...batch.geometry);
      onProgress(Math.min(start + size, inputs.length), inputs.length);
    }
    return geometry;
  }

  private checkOpen(fn: string): void {
    if (this.disposed) throw new EncoderError(fn, "the encoder is disposed", this.name);
  }
}

/** The batch size that an exporter fixed; null where the graph takes any. */
function fixedBatch(analysis: Analysis): number | null {
  const batch = analysis.image.dims?.[0];
  return typeof batch === "number" && batch > 0 ? batch : null;
}

function padBatch(batch: Preprocessed, size: number): Preprocessed {
  const [count, ...rest] = batch.dims;
  if (count === size) return batch;
  const pixelValues = new Float32Array((batch.pixelValues.length / count) * size);
  pixelValues.set(batch.pixelValues);
  return { ...batch, pixelValues, dims: [size, ...rest] };
}

function listOf(images: ImageInput | readonly ImageInput[]): readonly ImageInput[] {
  return Array.isArray(images) ? images : [images as ImageInput];
}

function infoOf({ name, network, layouts, plan, embedding }: EncoderParts): EncoderInfo {
  const { model, structure, norm } = network.analysis;
  const { grid, stride, prefixTokens } = layouts[0];
  const { channels } = layouts[layouts.length - 1];
  return {
    ...{
      name,
      path: model.path,
      device: network.device,
      inputSize: plan.inputSize,
      patchSize: stride[0],
      stride: stride[0],
      grid,
      prefixTokens,
      channels,
    },
    ...{
      depth: structure.blocks.length,
      parameters: countParameters(model),
      opset: model.opsets.get("") ?? 0,
      preprocess: plan,
    },
    blocks: structure.blocks.map(blockInfo),
    ...{ hasFinalNorm: norm !== null, hasEmbedding: embedding !== null },
  };
}

// `await using` of newer TypeScript and Node versions finds the method by this symbol, where it exists.
const asyncDispose = (Symbol as { asyncDispose?: symbol }).asyncDispose;
if (asyncDispose) Object.defineProperty(Encoder.prototype, asyncDispose, { value: Encoder.prototype.dispose });
