import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import * as nn from "../nn";
import type { LanguageModel } from "../models/language-model";
import { Projector } from "../models/projector";
import { hiddenAtWords } from "../models/vision-language-model";
import { fullRefineConfig, type RefineConfig } from "./config";
import { RefineError } from "./error";
import { VisionHierarchy } from "./layers";

/** Pictures and words of a {@link RefineModel}. */
export interface RefineInput {
  /** Pixels of all tiles of all pictures, [B · tiles, 3, H, W]: the tiles of a picture follow each other. */
  pixels: Tensor;
  /** Word ids, int32 [B, T]; the picture follows the first word. */
  ids: Tensor;
  /** Mask [B, T], 0 for padding. */
  mask: Tensor;
}

/**
 * The network that SAILViT refines (arXiv 2507.01643): vision transformer, connector (pixel shuffle 2 x 2, Linear, GELU, Linear) and
 * language model. The stages of `refine.plan` train its groups `vision`, `connector` and `language_model`.
 *
 *     const { model: languageModel } = await models.load("zoo/reading-llama");
 *     const model = new refine.RefineModel({ encoders: [models.vitConfig("aimv2_large_patch14_448")], languageModel });
 */
export class RefineModel extends nn.Module {
  readonly vision: VisionHierarchy;
  readonly connector: Projector;
  readonly languageModel: LanguageModel;

  /** @throws RefineError for an unknown key or no encoder @throws ModelError for an invalid configuration */
  constructor(config: RefineConfig) {
    super();
    const { encoders, languageModel, merge, connectorNorm } = fullRefineConfig(config);
    this.vision = new VisionHierarchy(encoders);
    this.connector = new Projector(this.vision.features, languageModel.config.hidden_size, {
      merge,
      norm: connectorNorm,
    });
    this.languageModel = languageModel;
  }

  /**
   * Returns pictures as tokens in the language model's space; tiles of a picture follow each other.
   *
   * @param pixels [B · tiles, 3, H, W]
   * @param pictures B
   * @returns [B, tiles · rows · columns / merge², hidden]
   * @throws RefineError unless every picture has the same number of tiles
   */
  see(pixels: Tensor, pictures: number): Tensor {
    const [count] = pixels.shape;
    if (!Number.isInteger(count / pictures) || count < pictures)
      throw new RefineError(
        "refine.RefineModel",
        `pictures of a batch (${pictures}) must have equally many tiles`,
        count,
      );
    const grid = this.vision.gridOf(pixels.shape);
    const tokens = this.connector.forward(this.vision.forward(pixels), grid);
    const [, N, D] = tokens.shape as [number, number, number];
    return tf.reshape(tokens, [pictures, (count / pictures) * N, D]);
  }

  /**
   * Returns the last hidden states at the words.
   *
   * @returns [B, T, hidden]
   */
  forward({ pixels, ids, mask }: RefineInput): Tensor {
    return hiddenAtWords(this.languageModel, { seen: this.see(pixels, ids.shape[0]), ids, mask });
  }
}
