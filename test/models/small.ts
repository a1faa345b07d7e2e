import type { models } from "./names.ts";

/** A multimodal encoder of a few thousand weights, with the sizes of the golden tensors. */
export const SMALL_BEIT3 = {
  imgSize: [8, 12],
  patchSize: 4,
  embedDim: 8,
  numHeads: 2,
  depth: 2,
  hiddenDim: 12,
  vocabSize: 11,
  textPositions: 9,
} satisfies models.Beit3Config;
