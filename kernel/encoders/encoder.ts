import { platform } from "../platform";
import type { Device } from "../backend";
import { blockInfo, countParameters } from "../onnx/inspect";
import type { BlockInfo } from "../onnx";
import { AttentionMap } from "./attention-map";
import { eachBatch } from "./batches";
import { Collector, type Tap } from "./collector";
import { describe, DISPLAY, type DisplayBundle, thousands } from "../display/describe";
import { Embeddings } from "./embeddings";
import { EncoderError } from "./errors";
import type { FeatureMap } from "./feature-map";
import type { TokenLayout } from "./layout";
import type { FloatTensor, Network } from "./network";
import {
  checkBatchSize,
  checkLayer,
  type CheckedOptions,
  checkOptions,
  type Facet,
  type ForwardOptions,
} from "./options";
import type { Precision } from "./precision";
import type { EncoderInput, Geometry, Preprocess } from "./preprocess/preprocess";
import { TextTower } from "./text-tower";

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
  precision: Precision;
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

/** What `forwardIntermediates` returns with `intermediatesOnly`. */
export interface IntermediatesResult {
  /** In depth order. */
  intermediates: FeatureMap[];
  /** The stream before the first block, layer -1; with `returnEmbeddings`. */
  embeddings?: FeatureMap;
}

/** What `forwardIntermediates` returns. */
export interface ForwardResult extends IntermediatesResult {
  /**
   * Tokens after the last visited block and the final norm, `NLC`, prefix tokens apart (without norm where the model has
   * none, or one of other channels).
   */
  final: FeatureMap;
}

/** The call of `encoders.load` that gives the same encoder again. */
export interface EncoderSource {
  model: string;
  /** Those that change features; empty with the defaults. */
  options: Readonly<Record<string, unknown>>;
}

/** What an encoder is made of; `encoders.load` makes it. */
export interface EncoderParts {
  name: string;
  source: EncoderSource;
  network: Network;
  /** One entry a block. */
  layouts: TokenLayout[];
  plan: Preprocess;
  embedding: string | null;
  /** Finds the text tower, on the hub too. */
  text(): Promise<string>;
}

const FORWARD = "encoders.forwardIntermediates";

/** A frozen vision transformer. It holds memory of the device until `dispose`. */
export class Encoder {
  readonly name: string;
  /** How it was loaded. */
  readonly source: EncoderSource;
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
    this.source = parts.source;
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
    images: EncoderInput | readonly EncoderInput[],
    options?: ForwardOptions & { intermediatesOnly?: false },
  ): Promise<ForwardResult>;
  async forwardIntermediates(
    images: EncoderInput | readonly EncoderInput[],
    options: ForwardOptions,
  ): Promise<IntermediatesResult>;
  async forwardIntermediates(
    images: EncoderInput | readonly EncoderInput[],
    options: ForwardOptions = {},
  ): Promise<IntermediatesResult & Partial<ForwardResult>> {
    this.checkOpen(FORWARD);
    const { network, layouts } = this.parts;
    const { structure, norm } = network.analysis;
    const checked = checkOptions(FORWARD, options, structure.blocks.length);
    if (checked.norm && !norm)
      throw new EncoderError(FORWARD, `${this.name} has no final norm, norm must be false`, true);
    const list = listOf(images);
    const end = checked.stopEarly ? checked.layers[checked.layers.length - 1] : structure.blocks.length - 1;
    const taps = checked.layers.map((layer) => this.tap(layer, checked.facet));
    const embeddings = checked.returnEmbeddings ? [this.tap(-1, "token")] : [];
    const final = checked.intermediatesOnly ? [] : [this.tap(end, "token")];
    const collectors = [...taps, ...embeddings, ...final].map((tap) => new Collector(tap, list.length));
    const cut = checked.stopEarly && end < structure.blocks.length - 1;
    const geometry = await this.collect(list, collectors, cut, checked);
    const source = { encoder: this.name, device: this.device, geometry };
    const intermediates = collectors
      .slice(0, taps.length)
      .map((one) => one.featureMap(source, checked, checked.norm ? norm : null));
    const whole = { outputFmt: "NLC", returnPrefixTokens: true } as const;
    const lastOne = collectors[collectors.length - 1];
    // Stopped early in a hierarchical model, the last stage's norm does not fit the channels of this one.
    const fits = !norm?.scale || norm.scale.length === layouts[end].channels;
    return {
      ...(checked.intermediatesOnly ? {} : { final: lastOne.featureMap(source, whole, fits ? norm : null) }),
      ...(checked.returnEmbeddings ? { embeddings: collectors[taps.length].featureMap(source, checked, null) } : {}),
      intermediates,
    };
  }

  /**
   * Attention probabilities of chosen blocks.
   *
   * @throws EncoderError where the graph holds none (a fused operator), or a layer is out of range
   */
  async attention(
    images: EncoderInput | readonly EncoderInput[],
    options: Pick<ForwardOptions, "indices" | "batchSize" | "onProgress" | "signal"> = {},
  ): Promise<AttentionMap[]> {
    const fn = "encoders.attention";
    this.checkOpen(fn);
    const { network, layouts, plan } = this.parts;
    const { blocks } = network.analysis.structure;
    const checked = checkOptions(fn, options, blocks.length);
    const list = listOf(images);
    const fetches = checked.layers.map((layer) => this.tensorOf(fn, layer, "attention"));
    const parts: FloatTensor[][] = fetches.map(() => []);
    const geometry = await eachBatch(
      { ...checked, network, plan, images: list, fn },
      async ({ pixelValues, dims }, _, count) => {
        this.checkOpen(fn);
        const outputs = await network.run(pixelValues, dims, fetches, true);
        outputs.forEach((output, i) => parts[i].push(firstImages(output, count, dims[0])));
      },
    );
    const source = { encoder: this.name, device: this.device, geometry };
    return checked.layers.map((layer, i) => AttentionMap.from(parts[i], { ...source, layer, layout: layouts[layer] }));
  }

  /**
   * The embedding of each image in the space shared with text, `[B, D]`, as the model gives it (not of unit length).
   *
   * @throws EncoderError when the model has no such output
   */
  async embed(
    images: EncoderInput | readonly EncoderInput[],
    options: Pick<ForwardOptions, "batchSize" | "onProgress" | "signal"> = {},
  ): Promise<Embeddings> {
    const fn = "encoders.embed";
    this.checkOpen(fn);
    const { embedding, network, plan } = this.parts;
    if (embedding === null) {
      const outputs = network.analysis.model.outputs.map((output) => output.name);
      throw new EncoderError(fn, `${this.name} needs an output image_embeds`, outputs);
    }
    const list = listOf(images);
    const rows: Float32Array[] = [];
    const checked = { ...options, batchSize: checkBatchSize(fn, options.batchSize) };
    const { onProgress = () => {}, signal = null } = options;
    await eachBatch(
      { ...checked, onProgress, signal, network, plan, images: list, fn },
      async ({ pixelValues, dims }, _, count) => {
        this.checkOpen(fn);
        const [output] = await network.run(pixelValues, dims, [embedding], false);
        rows.push(firstImages(output, count, dims[0]).data);
      },
    );
    return Embeddings.from(rows, list.length, this.name, this.device);
  }

  /**
   * The embedding of each text in the space shared with images, `[B, D]`, by the text tower beside the encoder: `text.onnx`,
   * or `text_model.onnx` of an export of CLIP, with a `tokenizer.json` of words or byte pairs. Fetched now where it lies on the hub.
   *
   * @throws EncoderError when there is no such tower, or its tokenizer is of another kind; `HubError`
   */
  async embedText(texts: string | readonly string[], options: { batchSize?: number } = {}): Promise<Embeddings> {
    const fn = "encoders.embedText";
    this.checkOpen(fn);
    const list = typeof texts === "string" ? [texts] : texts;
    const bad = list.find((text) => typeof text !== "string");
    if (bad !== undefined) throw new EncoderError(fn, "texts must be text", bad);
    this.text ??= this.parts.text().then((path) => TextTower.open(path, this.device));
    this.text.catch(() => (this.text = null));
    const rows = await (await this.text).embed(list, checkBatchSize(fn, options.batchSize ?? 64));
    return Embeddings.from(rows, list.length, this.name, this.device);
  }

  /**
   * The same encoder `count` times, to work on batches side by side: each copy has the model in memory once more, and its share of
   * the processor's cores. Who asks for them disposes of them.
   */
  sideBySide(count: number): Encoder[] {
    this.checkOpen("Encoder.sideBySide");
    const threads = Math.max(1, Math.floor(platform().cores() / count));
    return Array.from({ length: count }, (_, i) => {
      const network = this.parts.network.inLane(i + 1, threads);
      return new Encoder({ ...this.parts, network });
    });
  }

  /** Frees the model. Using the encoder afterwards is an error; disposing twice is not. */
  async dispose(): Promise<void> {
    this.disposed = true;
    await this.parts.network.dispose();
    await this.text?.then((tower) => tower.dispose()).catch(() => {});
  }

  [DISPLAY](): DisplayBundle {
    const { info } = this;
    const attending = info.blocks.filter((block) => block.attention !== null).length;
    const faceted = info.blocks.filter((block) => block.query !== null).length;
    const parts = [
      `residual stream of ${info.depth} blocks`,
      ...(attending ? [`attention of ${attending}`] : []),
      ...(faceted ? [`query, key, value of ${faceted}`] : []),
      ...(info.hasFinalNorm ? ["final norm"] : []),
      ...(info.hasEmbedding ? ["image embedding"] : []),
    ];
    return describe(`Encoder ${this.name}`, [
      ["device", this.disposed ? `${this.device} (disposed)` : this.device],
      ["precision", info.precision],
      ["input", `${info.inputSize.join(" x ")} pixels`],
      ["patch", `${info.patchSize} pixels, grid ${info.grid.join(" x ")}, ${info.prefixTokens} prefix tokens`],
      ["blocks", String(info.depth)],
      ["channels", String(info.channels)],
      ["parameters", thousands(info.parameters)],
      ["exposes", parts.join(", ")],
    ]);
  }

  /** Runs all images and gathers what the collectors tap. */
  private collect(
    images: readonly EncoderInput[],
    collectors: Collector[],
    cut: boolean,
    checked: CheckedOptions,
  ): Promise<Geometry[]> {
    const { network, plan } = this.parts;
    const fetches = [...new Set(collectors.map(({ tap }) => tap.tensor))];
    return eachBatch(
      { ...checked, network, plan, images, fn: FORWARD },
      async ({ pixelValues, dims }, start, count) => {
        this.checkOpen(FORWARD);
        const outputs = await network.run(pixelValues, dims, fetches, cut);
        for (const collector of collectors) {
          const output = outputs[fetches.indexOf(collector.tap.tensor)];
          collector.add(splitHeads(output, dims[0]), start, count);
        }
      },
    );
  }

  /** Where a layer's facet is found in the graph; layer -1 is the stream before the first block. */
  private tap(layer: number, facet: Facet): Tap {
    const { network, layouts } = this.parts;
    const { blocks } = network.analysis.structure;
    if (layer < 0) return { layer, tensor: blocks[0].input, layout: layouts[0], form: "stream" };
    const layout = layouts[layer];
    if (facet === "token") return { layer, tensor: blocks[layer].residual, layout, form: "stream" };
    const transposed = facet === "key" && blocks[layer].keyTransposed;
    return {
      layer,
      tensor: this.tensorOf(FORWARD, layer, facet),
      layout,
      form: transposed ? "heads-transposed" : "heads",
    };
  }

  private tensorOf(fn: string, layer: number, what: "attention" | "query" | "key" | "value"): string {
    const tensor = this.parts.network.analysis.structure.blocks[layer][what];
    if (tensor === null)
      throw new EncoderError(fn, `layer ${layer} of ${this.name} shows no ${what} (a fused operator hides it)`, what);
    return tensor;
  }

  /** Rows and columns of the patch tokens after a block, 0-based. */
  gridOf(layer: number): [rows: number, columns: number] {
    const [rows, columns] = this.parts.layouts[checkLayer("Encoder.gridOf", layer, this.info.depth)].grid;
    return [rows, columns];
  }

  private checkOpen(fn: string): void {
    if (this.disposed) throw new EncoderError(fn, "the encoder is disposed", this.name);
  }
}

/** Some exports fold heads into the batch, `[B · heads, N, D]`: as `[B, heads, N, D]`. */
function splitHeads({ data, dims }: FloatTensor, batch: number): FloatTensor {
  return dims[0] === batch ? { data, dims } : { data, dims: [batch, dims[0] / batch, ...dims.slice(1)] };
}

/** The part of a batch's output that belongs to its first `count` images. */
function firstImages({ data, dims }: FloatTensor, count: number, batch: number): FloatTensor {
  return { data: data.subarray(0, (data.length / batch) * count), dims: [(dims[0] / batch) * count, ...dims.slice(1)] };
}

function listOf(images: EncoderInput | readonly EncoderInput[]): readonly EncoderInput[] {
  return Array.isArray(images) ? images : [images as EncoderInput];
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
      precision: network.isQuantized ? "int8" : "fp32",
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
