import { platform } from "../platform";
import type { Device } from "../backend";
import { AttentionMap } from "./attention-map";
import { eachBatch } from "./batches";
import { Collector, type Tap } from "./collector";
import { describe, Described, DISPLAY, type DisplayBundle, thousands } from "../display/describe";
import { Embeddings } from "./embeddings";
import { type EncoderInfo, type EncoderParts, type EncoderSource, infoOf, type LayerInfo } from "./encoder-info";
import { EncoderError } from "./errors";
import type { FeatureMap } from "./feature-map";
import type { FloatTensor, Network } from "./network";
import { openEncoders } from "./open-encoders";
import {
  checkAttention,
  checkEmbed,
  checkText,
  checkLayer,
  type CheckedOptions,
  checkOptions,
  type Facet,
  type ForwardOptions,
} from "./options";
import type { EncoderInput, Geometry } from "./preprocess/preprocess";
import { TextTower } from "./text-tower";
import { type TrainableModel, trainableOf } from "./trainable";

/** Result of `forwardIntermediates` with `intermediatesOnly`. */
export interface IntermediatesResult {
  /** Feature maps in depth order. */
  intermediates: FeatureMap[];
  /** Stream before the first block, layer -1; present with `returnEmbeddings`. */
  embeddings?: FeatureMap;
}

/** Result of `forwardIntermediates`. */
export interface ForwardResult extends IntermediatesResult {
  /**
   * Tokens after the last visited block and the final norm, in `NLC`, with prefix tokens apart. The norm is omitted
   * where the model has none, or one for other channels.
   */
  final: FeatureMap;
}

const FORWARD = "encoders.Encoder.forwardIntermediates";

/** Frozen vision transformer. It holds memory of the device until `dispose`. */
export class Encoder extends Described {
  /** Name, as in `zoo/clip-vit`, `owner/name` or the file's name. */
  readonly name: string;
  /** Source from which it was loaded. */
  readonly source: EncoderSource;
  /** Device that runs the model. */
  readonly device: Device;
  /** Facts of the model: sizes, blocks, preprocessing. */
  readonly info: EncoderInfo;
  /** One entry per block. */
  readonly featureInfo: readonly LayerInfo[];
  private readonly parts: EncoderParts;
  private text: Promise<TextTower> | null = null;
  private disposed = false;

  constructor(parts: EncoderParts) {
    super();
    this.parts = parts;
    this.name = parts.name;
    this.source = parts.source;
    this.device = parts.network.device;
    this.info = infoOf(parts);
    this.featureInfo = parts.layouts.map(({ channels, stride }, layer) => ({ layer, channels, reduction: stride[0] }));
    openEncoders.note(this);
  }

  /**
   * Returns the residual stream after chosen blocks; every option has timm's meaning.
   *
   * @param images one or many
   * @throws EncoderError for a layer out of range or an invalid option
   * @throws ImageError for a picture that cannot be read
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
    // After an early stop in a hierarchical model, the last stage's norm does not fit this stage's channels.
    const fits = !norm?.scale || norm.scale.length === layouts[end].channels;
    return {
      ...(checked.intermediatesOnly ? {} : { final: lastOne.featureMap(source, whole, fits ? norm : null) }),
      ...(checked.returnEmbeddings ? { embeddings: collectors[taps.length].featureMap(source, checked, null) } : {}),
      intermediates,
    };
  }

  /**
   * Returns the attention probabilities of chosen blocks.
   *
   * @throws EncoderError where the graph holds none (a fused operator), or a layer is out of range
   */
  async attention(
    images: EncoderInput | readonly EncoderInput[],
    options: Pick<ForwardOptions, "indices" | "batchSize" | "onProgress" | "signal"> = {},
  ): Promise<AttentionMap[]> {
    const fn = "encoders.Encoder.attention";
    this.checkOpen(fn);
    const { network, layouts, plan } = this.parts;
    const { blocks } = network.analysis.structure;
    const checked = checkAttention(fn, options, blocks.length);
    const list = listOf(images);
    const fetches = checked.layers.map((layer) => this.tensorOf(fn, layer, "attention"));
    const parts: FloatTensor[][] = fetches.map(() => []);
    const geometry = await eachBatch(
      { ...checked, network, plan, images: list, fn },
      async ({ pixelValues, dims }, _, count) => {
        this.checkOpen(fn);
        const outputs = await network.run(pixelValues, dims, fetches, true, fn);
        outputs.forEach((output, i) => parts[i].push(firstImages(output, count, dims[0])));
      },
    );
    const source = { encoder: this.name, device: this.device, geometry };
    return checked.layers.map((layer, i) => AttentionMap.from(parts[i], { ...source, layer, layout: layouts[layer] }));
  }

  /**
   * Returns the embedding of each image in the space shared with text, `[B, D]`, as the model returns it (not of unit
   * length).
   *
   * @throws EncoderError when the model has no such output
   */
  async embed(
    images: EncoderInput | readonly EncoderInput[],
    options: Pick<ForwardOptions, "batchSize" | "onProgress" | "signal"> = {},
  ): Promise<Embeddings> {
    const fn = "encoders.Encoder.embed";
    this.checkOpen(fn);
    const checked = checkEmbed(fn, options);
    const { embedding, network, plan } = this.parts;
    if (embedding === null) {
      const outputs = network.analysis.model.outputs.map((output) => output.name);
      throw new EncoderError(fn, `${this.name} needs an output image_embeds`, outputs);
    }
    const list = listOf(images);
    const rows: Float32Array[] = [];
    await eachBatch({ ...checked, network, plan, images: list, fn }, async ({ pixelValues, dims }, _, count) => {
      this.checkOpen(fn);
      const [output] = await network.run(pixelValues, dims, [embedding], false, fn);
      rows.push(firstImages(output, count, dims[0]).data);
    });
    return Embeddings.from(rows, list.length, this.name, this.device);
  }

  /**
   * Returns the embedding of each text in the space shared with images, `[B, D]`. It uses the text tower beside the
   * encoder: `text.onnx`, or `text_model.onnx` of a CLIP export, with its `tokenizer.json`. A
   * tower on the hub is fetched on first use.
   *
   * @throws EncoderError when there is no such tower, or its tokenizer is of another kind
   * @throws HubError when the hub does not deliver it
   */
  async embedText(
    texts: string | readonly string[],
    options: Pick<ForwardOptions, "batchSize" | "onProgress" | "signal"> = {},
  ): Promise<Embeddings> {
    const fn = "encoders.Encoder.embedText";
    this.checkOpen(fn);
    const batchSize = checkText(fn, options);
    const list = typeof texts === "string" ? [texts] : texts;
    const bad = list.find((text) => typeof text !== "string");
    if (bad !== undefined) throw new EncoderError(fn, "texts must be text", bad);
    this.text ??= this.parts.text().then((path) => TextTower.open(path, this.device));
    this.text.catch(() => (this.text = null));
    const rows = await (await this.text).embed(list, { ...options, batchSize });
    return Embeddings.from(rows, list.length, this.name, this.device);
  }

  /**
   * Returns `count` copies of the encoder that work on batches in parallel. Each copy needs the model's memory again
   * and gets its share of the processor's cores. The caller disposes of them.
   */
  sideBySide(count: number): Encoder[] {
    this.checkOpen("encoders.Encoder.sideBySide");
    const threads = Math.max(1, Math.floor(platform().cores() / count));
    return Array.from({ length: count }, (_, i) => {
      const network = this.parts.network.inLane(i + 1, threads);
      return new Encoder({ ...this.parts, network });
    });
  }

  /**
   * Makes a vision transformer that can be trained out of the encoder (`models.VisionTransformer`): its configuration and weights are
   * read from the graph, and its features equal the encoder's to 1e-4 of a layer's largest value.
   *
   * @throws ModelError with the reason where the structure is not that of a vision transformer
   */
  trainable(): Promise<TrainableModel> {
    return trainableOf(this);
  }

  /** @internal Graph and sessions, from which a model that can be trained is read. */
  get network(): Network {
    this.checkOpen("encoders.Encoder.trainable");
    return this.parts.network;
  }

  /** Frees the model. Using the encoder afterwards is an error; disposing twice is not. */
  async dispose(): Promise<void> {
    this.disposed = true;
    openEncoders.drop(this);
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

  /** Runs all images and fills the collectors. */
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
        const outputs = await network.run(pixelValues, dims, fetches, cut, FORWARD);
        for (const collector of collectors) {
          const output = outputs[fetches.indexOf(collector.tap.tensor)];
          collector.add(splitHeads(output, dims[0]), start, count);
        }
      },
    );
  }

  /** Returns the tensor of a layer's facet in the graph; layer -1 is the stream before the first block. */
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

  /** Returns the rows and columns of the patch tokens after a block, 0-based. */
  gridOf(layer: number): [rows: number, columns: number] {
    const [rows, columns] = this.parts.layouts[checkLayer("encoders.Encoder.gridOf", layer, this.info.depth)].grid;
    return [rows, columns];
  }

  private checkOpen(fn: string): void {
    if (this.disposed) throw new EncoderError(fn, "the encoder is disposed", this.name);
  }
}

/** Splits heads that some exports fold into the batch: `[B · heads, N, D]` becomes `[B, heads, N, D]`. */
function splitHeads({ data, dims }: FloatTensor, batch: number): FloatTensor {
  return dims[0] === batch ? { data, dims } : { data, dims: [batch, dims[0] / batch, ...dims.slice(1)] };
}

/** Returns the part of a batch's output that belongs to its first `count` images. */
function firstImages({ data, dims }: FloatTensor, count: number, batch: number): FloatTensor {
  return { data: data.subarray(0, (data.length / batch) * count), dims: [(dims[0] / batch) * count, ...dims.slice(1)] };
}

function listOf(images: EncoderInput | readonly EncoderInput[]): readonly EncoderInput[] {
  return Array.isArray(images) ? images : [images as EncoderInput];
}

// `await using` of newer TypeScript and Node versions finds the method by this symbol, where it exists.
const asyncDispose = (Symbol as { asyncDispose?: symbol }).asyncDispose;
if (asyncDispose) Object.defineProperty(Encoder.prototype, asyncDispose, { value: Encoder.prototype.dispose });
