import { checkArguments } from "../rules/arguments";
import type { Box } from "../contracts/geometry";
import { Beit3, type Beit3Input } from "../models/beit3/beit3";
import { type Beit3Config, type FullBeit3Config, fullBeit3Config } from "../models/beit3/config";
import { beit3Parameters } from "../models/beit3/count";
import * as nn from "../nn";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { type BoxPredictions, plainOf } from "../tasks/boxes/loss";
import type { ScoredBox } from "../tasks/boxes/generalized";
import { toCorners } from "../tasks/boxes/plain";
import { type FullGroundingHeadConfig, fullHeadConfig, type GroundingBranch, type GroundingHeadConfig } from "./config";
import { headParameters } from "./count";
import { GroundingError } from "./error";
import { type GroundingFeatures, GroundingHead, type GroundingPredictions } from "./head";

/** Configuration of a {@link SimVg}. */
export interface SimVgConfig {
  /**
   * Multimodal encoder: its configuration, or a loaded one, such as that of `models.loadBeit3`, which then belongs to the model.
   * Default: BEiT-3's base with patches of 16 at 224 pixels.
   */
  encoder?: Beit3Config | Beit3;
  /** Head; its input has the encoder's width. Default: the paper's, with both branches. */
  head?: Omit<GroundingHeadConfig, "inputDim">;
}

/** Configuration of a model with every default filled in. */
export interface FullSimVgConfig {
  encoder: FullBeit3Config;
  head: FullGroundingHeadConfig;
}

const FN = "grounding.SimVg";
const NAMES: OptionNames<SimVgConfig> = { encoder: true, head: true };

/** Size of a picture in pixels. */
export type PictureSize = readonly [width: number, height: number];

/** Boxes of each picture, one for each query. */
export type Detections = readonly (readonly ScoredBox[])[];

/**
 * SimVG (Dai et al., arXiv 2409.17531): a multimodal encoder that fuses picture and phrase, and a light head.
 *
 *     const model = new grounding.SimVg({ encoder: models.beit3Config("beit3_base_patch16_224", { patchSize: 32, imgSize: 640 }) });
 *     const { token } = model.forward({ pixels, text, textMask }, "token");
 *
 *     const { model: encoder, tokenizer } = await models.loadBeit3("zoo/phrase-beit3");
 *     const small = new grounding.SimVg({ encoder, head: { embedDim: 64 } });
 */
export class SimVg extends nn.Module {
  readonly encoder: Beit3;
  readonly head: GroundingHead;

  /**
   * @throws GroundingError for an invalid head
   * @throws ModelError for an invalid encoder
   */
  constructor(configuration: SimVgConfig = {}) {
    super();
    checkOptionNames(FN, configuration, NAMES, GroundingError);
    const { encoder = {}, head = {} } = configuration;
    // Both are checked before a tensor is made, which a refusal would leave behind.
    fullHeadConfig(head);
    const { embedDim: inputDim } = encoderConfig(encoder);
    this.encoder = encoder instanceof Beit3 ? encoder : new Beit3(encoder);
    this.head = new GroundingHead({ ...head, inputDim });
  }

  /** Configuration with every default filled in, to make the same model for a stored state. */
  get config(): FullSimVgConfig {
    return { encoder: this.encoder.config, head: this.head.config };
  }

  /**
   * Predicts boxes of phrases.
   *
   * @param branch branches to run; `token` runs no layer of the decoder. Default: those that the head has
   * @throws GroundingError for a branch that the head lacks
   * @throws ModelError for inputs of other shapes, or a text that is empty or longer than the table
   */
  forward(input: Beit3Input, branch?: GroundingBranch): GroundingPredictions {
    return this.head.forward(this.features(input), branch);
  }

  /** Encodes pictures and phrases together for the head. */
  features(input: Beit3Input): GroundingFeatures {
    const { grid } = this.encoder;
    return { ...this.encoder.forward(input), grid, textMask: input.textMask };
  }
}

/**
 * Returns the number of parameters of a model without making one.
 *
 * @throws GroundingError or ModelError for an invalid configuration
 */
export function parameters(configuration: SimVgConfig = {}): number {
  checkOptionNames("grounding.parameters", configuration, NAMES, GroundingError);
  const { encoder = {}, head = {} } = configuration;
  fullHeadConfig(head);
  const config = encoderConfig(encoder);
  return beit3Parameters(config) + headParameters({ ...head, inputDim: config.embedDim }).total;
}

const encoderConfig = (encoder: Beit3Config | Beit3): FullBeit3Config =>
  encoder instanceof Beit3 ? encoder.config : fullBeit3Config(encoder);

/**
 * Returns boxes in pixels with their scores, the probability of the foreground, in the order of the queries (arXiv 2409.17531,
 * section 3.1).
 *
 * @param predictions of one branch; of the decoder, those of its last layer
 * @param sizes size of each picture; boxes are shares of it, as pictures are stretched
 * @throws GroundingError for another number of sizes
 */
export function detectionsOf(predictions: BoxPredictions, sizes: readonly PictureSize[]): Detections {
  checkArguments(
    "grounding.detectionsOf",
    GroundingError,
    { predictions },
    { predictions: { logits: "tensor", boxes: "tensor" } },
  );
  const plain = plainOf(predictions);
  if (plain.length !== sizes.length)
    throw new GroundingError("grounding.detectionsOf", `there must be ${plain.length} sizes`, sizes.length);
  return plain.map(({ scores, boxes }, b) => {
    const [width, height] = sizes[b];
    return boxes.map((box, query): ScoredBox => {
      const [left, top, right, bottom] = toCorners(box);
      const pixels: Box = [left * width, top * height, right * width, bottom * height];
      return { box: pixels, score: scores[query] };
    });
  });
}
