import { argmax, boxF1, iou, most } from "../../numeric";
import type { Box } from "../core/geometry";
import type { GroundingAnswer, GroundingBox, GroundingBranchName } from "./payload";

/** Overlap from which a box is right, itself included: IoU of one target, GIoU of any number. */
export const RIGHT_OVERLAP = 0.5;

/** Position of the mean over all layers among the layers. */
export const ALL_LAYERS = -1;

/** Scores of the phrases whose boxes are known. */
export interface GroundingScores {
  /** Phrases with exactly one box, and those of them whose best box has an IoU of at least one half. */
  single: number;
  precise: number;
  /** Phrases with known boxes, and those whose boxes above the threshold are all right and complete (F1 = 1). */
  count: number;
  exact: number;
  /** Phrases without a target, and those for which no box is above the threshold (N-acc). */
  withoutTarget: number;
  silent: number;
}

/** Returns the box of the highest score. */
export function bestBox(boxes: readonly GroundingBox[]): GroundingBox {
  return boxes[argmax(boxes.map(({ score }) => score))];
}

/** Returns the boxes that count as predicted: the only one of a model with one query, else those from the threshold on. */
export function predictedBoxes(boxes: readonly GroundingBox[], threshold: number): GroundingBox[] {
  return boxes.length === 1 ? [...boxes] : boxes.filter(({ score }) => score >= threshold);
}

/** Returns the largest IoU of a box with any of the true ones; undefined where there are none. */
export function truthOverlap(box: Box, truth: readonly Box[] | undefined): number | undefined {
  return truth?.length ? truth.reduce((most, one) => Math.max(most, iou(box, one)), 0) : undefined;
}

/** Scores one branch on answers; those without known boxes do not count. */
export function scoreAnswers(
  answers: readonly GroundingAnswer[],
  branch: GroundingBranchName,
  threshold: number,
): GroundingScores {
  const scores: GroundingScores = { single: 0, precise: 0, count: 0, exact: 0, withoutTarget: 0, silent: 0 };
  for (const { boxes, truth } of answers) {
    const found = boxes[branch];
    if (!found || !truth) continue;
    const predicted = found.filter(({ score }) => score >= threshold).map(({ box }) => box);
    const isExact = boxF1(predicted, truth, RIGHT_OVERLAP) === 1;
    scores.count++;
    scores.exact += Number(isExact);
    scores.withoutTarget += Number(truth.length === 0);
    scores.silent += Number(truth.length === 0 && isExact);
    if (truth.length !== 1) continue;
    scores.single++;
    scores.precise += Number(iou(bestBox(found).box, truth[0]) >= RIGHT_OVERLAP);
  }
  return scores;
}

/** Attention between words and patches, by layer or over all of them. */
export class WordAttention {
  /** @param toPatches [layers, words, patches] @param toWords [layers, patches, words]; one layer is the mean over all */
  constructor(
    private readonly words: number,
    private readonly patches: number,
    private readonly toPatches: Float32Array,
    private readonly toWords: Float32Array,
  ) {}

  /** Number of layers; 1 where only the mean over them is known. */
  get layers(): number {
    return this.toPatches.length / (this.words * this.patches);
  }

  /** Attention of a word to every patch. */
  word(word: number, layer: number): Float32Array {
    return this.row(this.toPatches, word, this.patches, this.words, layer);
  }

  /** Attention of a patch to every word. */
  patch(patch: number, layer: number): Float32Array {
    return this.row(this.toWords, patch, this.words, this.patches, layer);
  }

  /** Largest attention of any word to a patch, and of any patch to a word: the upper ends of the scales. */
  ends(layer: number): { toPatches: number; toWords: number } {
    const known = this.largest.get(layer);
    if (known) return known;
    const rows = Array.from({ length: this.words }, (_, word) => most(this.word(word, layer)));
    const columns = Array.from({ length: this.patches }, (_, patch) => most(this.patch(patch, layer)));
    const ends = { toPatches: most(rows), toWords: most(columns) };
    this.largest.set(layer, ends);
    return ends;
  }

  private readonly largest = new Map<number, { toPatches: number; toWords: number }>();

  private row(values: Float32Array, at: number, length: number, rows: number, layer: number): Float32Array {
    const of = (l: number): Float32Array => values.subarray((l * rows + at) * length, (l * rows + at + 1) * length);
    if (this.layers === 1) return of(0);
    if (layer !== ALL_LAYERS) return of(layer);
    const mean = new Float32Array(length);
    for (let l = 0; l < this.layers; l++) of(l).forEach((value, i) => (mean[i] += value / this.layers));
    return mean;
  }
}
