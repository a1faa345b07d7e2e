import { type Beit3Config, type FullBeit3Config, fullBeit3Config, OFFSET } from "./config";

/**
 * Returns the number of parameters of a multimodal encoder (BEiT-3, arXiv 2208.10442) without making one.
 *
 *     models.beit3Parameters(models.beit3Config("beit3_base_patch16_224"))   // 220,987,392
 *
 * @throws ModelError for an unknown key, or values that contradict each other
 */
export function beit3Parameters(config: Beit3Config = {}): number {
  const full = fullBeit3Config(config);
  return tablesOf(full) + full.depth * layerOf(full) + 2 * 2 * full.embedDim;
}

/** Number of values of both tables, the patch convolution, the positions, and the tokens for the class and for masked patches. */
function tablesOf({ embedDim: C, patchSize, imgSize, vocabSize, textPositions }: FullBeit3Config): number {
  const patches = imgSize.reduce((count, side) => count * (side / patchSize), 1);
  return vocabSize * C + linear(3 * patchSize ** 2, C) + (patches + 1 + OFFSET) * C + textPositions * C + 2 * C;
}

/** Number of values of one layer: both ways hold four projections, a feed-forward layer and four norms. */
const layerOf = ({ embedDim: C, hiddenDim: F }: FullBeit3Config): number =>
  2 * (4 * linear(C, C) + linear(C, F) + linear(F, C) + 3 * 2 * C + 2 * F);

const linear = (inputs: number, outputs: number): number => inputs * outputs + outputs;
