import { checkArguments } from "../rules/arguments";
import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import { mean } from "../numeric";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import type { Pair } from "../tasks/assignment/dense";
import { type BoxLossOptions, type BoxTargets, type SetLoss, setLoss } from "../tasks/boxes/loss";
import type { PlainBoxes } from "../tasks/boxes/match";
import { iou } from "../numeric/boxes";
import { toCorners } from "../tasks/boxes/plain";
import type { LossWithMetrics } from "../train/update/update";
import { GroundingError } from "./error";
import type { GroundingPredictions } from "./head";

/** Options of {@link loss}. */
export interface GroundingLossOptions {
  /** Factor of the decoder branch's loss. Default 1. */
  decoder?: number;
  /** Factor of the token branch's loss. Default 2, as for base; 1 for large. */
  token?: number;
  /** Factor of the token branch's distance from the decoder. Default 1, as for base; 0.4 for large. */
  distillation?: number;
  /**
   * Share of the decoder in the token branch's targets: `dynamic` follows the decoder's quality (DWBD), a number in [0, 1] stays;
   * 0 is the truth alone. Default `dynamic`.
   */
  balance?: "dynamic" | number;
  /** Factors of the parts of every loss. Default: the paper's. */
  boxes?: BoxLossOptions;
}

const FN = "grounding.loss";
const NAMES: OptionNames<GroundingLossOptions> = {
  decoder: true,
  token: true,
  distillation: true,
  balance: true,
  boxes: true,
};

function checkLossOptions(options: GroundingLossOptions): void {
  checkOptionNames(FN, options, NAMES, GroundingError);
  for (const name of ["decoder", "token", "distillation"] as const)
    if (options[name] !== undefined && !(Number.isFinite(options[name]) && options[name] >= 0))
      throw new GroundingError(FN, `${name} must be at least 0 and finite`, options[name]);
  const { balance = "dynamic" } = options;
  if (balance !== "dynamic" && !(Number.isFinite(balance) && balance >= 0 && balance <= 1))
    throw new GroundingError(FN, "balance must be dynamic or lie in [0, 1]", balance);
}

/**
 * Returns the weight of the decoder's boxes W_dt (arXiv 2409.17531, section 3.3): the mean over all matched boxes of a batch of the
 * foreground's probability times the IoU with the truth; 0 for a batch without a match.
 */
export function distillationWeight(
  predictions: readonly PlainBoxes[],
  pairs: readonly (readonly Pair[])[],
  targets: BoxTargets,
): number {
  checkArguments(
    "grounding.distillationWeight",
    GroundingError,
    { predictions, pairs, targets },
    { predictions: ["object"], pairs: ["array"], targets: ["array"] },
  );
  const quality = pairs.flatMap((own, b) =>
    own.map(([query, target]) => {
      const { scores, boxes } = predictions[b];
      return scores[query] * iou(toCorners(boxes[query]), toCorners(targets[b][target]));
    }),
  );
  return quality.length ? mean(quality) : 0;
}

/**
 * Returns SimVG's loss (arXiv 2409.17531, section 3.3) and its parts as metrics:
 *
 *     decoder · L(p_dec, gt) + token · (1 - W_dt) · L(p_tok, gt) + distillation · W_dt · L(p_tok, dt)
 *
 * L of the decoder branch is the sum over its layers. dt are the boxes of its last layer that are matched to the truth, as constants: no
 * gradient reaches the decoder through them or W_dt. With one branch alone only its own loss is computed.
 *
 * @param predictions of the branches that ran
 * @param targets boxes of each picture: center and size as shares of the picture; none for a phrase without target
 * @throws GroundingError for an unknown option, or predictions of no branch
 */
export function loss(
  predictions: GroundingPredictions,
  targets: BoxTargets,
  options: GroundingLossOptions = {},
): LossWithMetrics {
  checkArguments("grounding.loss", GroundingError, { predictions }, { predictions: "object" });
  checkLossOptions(options);
  const { token, decoder } = predictions;
  if (!token && !decoder) throw new GroundingError(FN, "there must be predictions of a branch", "none");
  const layers = (decoder ?? []).map((layer) => setLoss(layer, targets, options.boxes));
  const teacher = teacherOf(layers, targets, options);
  const parts = token ? tokenParts(token, targets, teacher, options) : [];
  if (!layers.length && !parts.length)
    throw new GroundingError(FN, "the only branch needs a factor above 0", options.token);
  const own = layers.map(({ loss }) => tf.mul(loss, options.decoder ?? 1));
  return {
    loss: tf.addN([...own, ...parts.map(({ factor, loss }) => tf.mul(loss, factor))]),
    metrics: {
      ...(layers.length && { decoder: layers[layers.length - 1].loss }),
      ...Object.fromEntries(parts.map(({ name, loss }) => [name, loss])),
      ...(token && decoder && { W_dt: teacher.weight }),
    },
  };
}

interface Teacher {
  weight: number;
  boxes: BoxTargets;
}

/** Returns the decoder's matched boxes and their weight; none without a decoder. */
function teacherOf(
  layers: readonly SetLoss[],
  targets: BoxTargets,
  { balance = "dynamic" }: GroundingLossOptions,
): Teacher {
  const last = layers[layers.length - 1] as SetLoss | undefined;
  if (!last) return { weight: 0, boxes: [] };
  const weight = balance === "dynamic" ? distillationWeight(last.plain, last.pairs, targets) : balance;
  return { weight, boxes: last.pairs.map((own, b) => own.map(([query]) => last.plain[b].boxes[query])) };
}

interface Part {
  name: string;
  factor: number;
  loss: Tensor;
}

/** Returns the token branch's losses whose factors are not 0. */
function tokenParts(
  token: NonNullable<GroundingPredictions["token"]>,
  targets: BoxTargets,
  { weight, boxes }: Teacher,
  { token: ofTruth = 2, distillation = 1, boxes: kind }: GroundingLossOptions,
): Part[] {
  const toward = (name: string, factor: number, goal: BoxTargets): Part[] =>
    factor > 0 ? [{ name, factor, loss: setLoss(token, goal, kind).loss }] : [];
  return [...toward("token", ofTruth * (1 - weight), targets), ...toward("distillation", distillation * weight, boxes)];
}
