import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import type { QuestionType } from "../../data";
import { AdaptedLayer, DualBranch } from "../../lora";
import { MultimodalError } from "../error";
import type { VisionLanguageModel } from "../model";
import { type Sight, tensorsOf } from "./model";
import { type AnswerSequence, batchOf } from "./sequences";

/** How far the gates of Dual-LoRA open at one projection for the questions of one type. */
export interface GateActivity {
  layer: number;
  projection: "q_proj" | "v_proj";
  type: QuestionType;
  /** Mean of the gate over questions and their words, of each unit: [r]. */
  units: number[];
  /** Share of the gates above 0. */
  open: number;
}

const PROJECTIONS = { q_proj: "qProj", v_proj: "vProj" } as const;
const TOGETHER = 64;

/**
 * What the gates of a model's active Dual-LoRA let through, by question type: means over the words of single questions.
 *
 * @throws MultimodalError for a model without Dual-LoRA on these projections, or one without a gate
 */
export function gateActivity(
  model: VisionLanguageModel,
  asked: readonly AnswerSequence[],
  sight: Sight,
): GateActivity[] {
  const gates = gatesOf(model);
  if (!gates.length)
    throw new MultimodalError(
      "multimodal.gateActivity",
      "the model must have a gated Dual-LoRA on q_proj or v_proj",
      "none",
    );
  const types = [...new Set(asked.flatMap(({ answers }) => answers.map(({ type }) => type)))];
  return types.flatMap((type) => {
    const own = asked.filter(({ answers }) => answers[0].type === type);
    const sums = gates.map(({ branch }) => ({ units: new Float64Array(branch.r), open: 0, rows: 0 }));
    for (let at = 0; at < own.length; at += TOGETHER) addTo(sums, gates, model, own.slice(at, at + TOGETHER), sight);
    return gates.map(({ layer, projection }, i) => {
      const { units, open, rows } = sums[i];
      return {
        layer,
        projection,
        type,
        units: Array.from(units, (sum) => sum / rows),
        open: open / (rows * units.length),
      };
    });
  });
}

interface GatedBranch {
  layer: number;
  projection: keyof typeof PROJECTIONS;
  branch: DualBranch;
}

function gatesOf(model: VisionLanguageModel): GatedBranch[] {
  return model.languageModel.model.layers.flatMap(({ selfAttn }, layer) =>
    (["q_proj", "v_proj"] as const).flatMap((projection) => {
      const found: unknown = selfAttn[PROJECTIONS[projection]];
      const branches = found instanceof AdaptedLayer ? [...found.adapters.values()] : [];
      return branches.flatMap((branch) =>
        branch instanceof DualBranch && branch.gate !== "none" ? [{ layer, projection, branch }] : [],
      );
    }),
  );
}

function addTo(
  sums: { units: Float64Array; open: number; rows: number }[],
  gates: readonly GatedBranch[],
  model: VisionLanguageModel,
  asked: readonly AnswerSequence[],
  sight: Sight,
): void {
  const batch = batchOf(asked);
  // The answer itself is no part of the question.
  const counted = batch.mask.slice();
  for (const { place } of batch.answers) counted[place + 1] = 0;
  const values = tf.tidy(() => {
    const inputs = model.attentionInputs(tensorsOf(batch, sight, model.vce !== null));
    return gates.map(({ layer, branch }) => {
      const rows = tf.reshape(inputs[layer], [batch.ids.length, -1]);
      return (branch.openings(rows) as Tensor).dataSync();
    });
  });
  values.forEach((openings, gate) => {
    const sum = sums[gate];
    const r = sum.units.length;
    counted.forEach((counts, row) => {
      if (!counts) return;
      sum.rows++;
      for (let unit = 0; unit < r; unit++) {
        sum.units[unit] += openings[row * r + unit];
        if (openings[row * r + unit] > 0) sum.open++;
      }
    });
  });
}
