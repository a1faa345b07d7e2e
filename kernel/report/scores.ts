import type { Encoder } from "../encoders/encoder";
import { pooledTokens } from "../features/pool";
import { baseline, baselineNames } from "../law/pck/baselines";
import { cScoreByLayer, type CScoreOptions } from "../law/pck/c-score";
import { bootstrapInterval } from "../law/pck/summary";
import { joinFloats } from "../numeric";
import { mutualKnn } from "../similarity/kernels";
import type { TokenSet } from "../similarity/token-set";
import type { Materials } from "./materials";

/** C score at one layer: PCK@0.1 in percent, with a 95 % bootstrap interval over pairs. */
export interface CorrespondenceFigure {
  /** Layer of the encoder, or the name of a baseline. */
  layer: number | string;
  pck: number;
  interval: [low: number, high: number];
}

/** A score by common neighbors of pictures and captions, 0 to 1, with a 95 % bootstrap interval over pictures. */
export interface AlignmentFigure {
  k: number;
  score: number;
  interval: [low: number, high: number];
  /** Expected score of unrelated features. */
  chance: number;
}

/** Both scores of one encoder. */
export interface EncoderScores {
  /** Layer -2, as in the Law paper; the only one where there is one. */
  c: CorrespondenceFigure;
  /** The last four layers, or all where there are fewer. */
  layers: CorrespondenceFigure[];
  a: AlignmentFigure;
}

const LAYERS = 4;
const ALPHA = 0.1;
const SEED = 1;
/** Neighbors of the measure (Huh et al., arXiv 2405.07987). */
const NEIGHBORS = 10;

/** Options of every C score of a report: pictures lie as the encoder lays them. */
const C_OPTIONS: CScoreOptions = { alphas: [ALPHA], geometry: "encoder", seed: SEED };

/** Measures both scores of an encoder. */
export async function measureScores(
  encoder: Encoder,
  { pairs, captions }: Materials,
  texts: TokenSet,
  signal?: AbortSignal,
): Promise<EncoderScores> {
  const last = Math.min(LAYERS, encoder.info.depth);
  const indices = Array.from({ length: last }, (_, i) => i - last);
  const scored = await cScoreByLayer(encoder, pairs, { ...C_OPTIONS, indices, signal });
  const layers = scored.map(({ layer, summary }): CorrespondenceFigure => ({
    layer,
    pck: summary.perPair[0],
    interval: summary.interval[0],
  }));
  const pictures = await meanTokens(encoder, captions, signal);
  return { c: layers.at(-2) ?? layers[0], layers, a: alignmentOf(pictures, texts) };
}

/** Share of common neighbors among pictures and captions. */
function alignmentOf(pictures: TokenSet, texts: TokenSet): AlignmentFigure {
  const { score, k, images } = mutualKnn(pictures, texts, { k: NEIGHBORS });
  return { k, score, interval: bootstrapInterval(Float64Array.from(images), SEED), chance: k / (images.length - 1) };
}

/** Mean tokens of the last block, one row a picture. */
async function meanTokens(encoder: Encoder, captions: Materials["captions"], signal?: AbortSignal): Promise<TokenSet> {
  const pictures = captions.map(({ picture }) => picture);
  const options = { indices: [-1], outputFmt: "NLC", intermediatesOnly: true, signal } as const;
  const [map] = (await encoder.forwardIntermediates(pictures, options)).intermediates;
  return { data: joinFloats(pictures.map((_, i) => pooledTokens(map, i, "mean"))), width: map.channels };
}

/** Embeds captions, one row each. */
export async function embedCaptions(
  encoder: Encoder,
  captions: Materials["captions"],
  signal?: AbortSignal,
): Promise<TokenSet> {
  const { data, dims } = await encoder.embedText(
    captions.map(({ caption }) => caption),
    { signal },
  );
  return { data, width: dims[1] };
}

/** C scores without an encoder, in the encoder's geometry of square pictures. */
export function baselineFigures({ pairs }: Materials): CorrespondenceFigure[] {
  return baselineNames.map((name) => {
    const { perPair, interval } = baseline(name, pairs, { alphas: [ALPHA], seed: SEED });
    return { layer: name, pck: perPair[0], interval: interval[0] };
  });
}
