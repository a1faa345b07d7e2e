import { fullHeadConfig, type GroundingHeadConfig } from "./config";

/** Numbers of weights of a head's parts. */
export interface GroundingHeadParameters {
  /** Number of weights of the three layers from the encoder's width to the head's. */
  projections: number;
  generator: number;
  /** Number of weights of the decoder, 0 in a head without it. */
  decoder: number;
  tokenMlp: number;
  /** Number of weights of the class head of one branch. */
  classHead: number;
  /** Number of weights of the box head of one branch. */
  boxHead: number;
  queryInit: number;
  total: number;
}

/**
 * Returns the numbers of weights of a head (arXiv 2409.17531, section 3) without making one.
 *
 *     grounding.headParameters().total                          // 7,241,740
 *     grounding.headParameters({ branches: "token" }).total     // 2,371,846
 *
 * @throws GroundingError for an invalid configuration
 */
export function headParameters(config: GroundingHeadConfig = {}): GroundingHeadParameters {
  const full = fullHeadConfig(config);
  const { inputDim, embedDim: C, branches } = full;
  const [hasToken, hasDecoder] = [branches !== "decoder", branches !== "token"];
  const projections = 3 * linear(inputDim, C);
  const generator = decoderSize(C, full.generatorLayers, full.generatorHidden);
  const decoder = hasDecoder ? decoderSize(C, full.decoderLayers, full.decoderHidden) : 0;
  const tokenMlp = hasToken ? full.tokenLayers * linear(C, C) : 0;
  const [classHead, boxHead] = [linear(C, 2), 2 * linear(C, C) + linear(C, 4)];
  const queryInit = full.queries * C;
  const heads = (Number(hasToken) + Number(hasDecoder)) * (classHead + boxHead);
  const total = projections + generator + decoder + tokenMlp + heads + queryInit;
  return { projections, generator, decoder, tokenMlp, classHead, boxHead, queryInit, total };
}

const linear = (inputs: number, outputs: number): number => inputs * outputs + outputs;

/** Number of weights of layers with two attentions, a feed-forward layer and three norms, and of the norm behind them. */
const decoderSize = (C: number, layers: number, hidden: number): number =>
  layers * (8 * linear(C, C) + linear(C, hidden) + linear(hidden, C) + 6 * C) + 2 * C;
