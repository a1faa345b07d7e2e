import type { ImageInput } from "../data/image";
import { decodeImage } from "../data/image";
import type { SpairPair } from "../data/spair";
import type { MimeBundle } from "../display/host";
import type { Encoder } from "../encoders/encoder";
import type { TableFit } from "../law/fit/regression";
import type { ScoreTable } from "../law/fit/table";
import { RuleError } from "../rules/rule-error";
import { attention, correspondence, law, pca } from "../view";

/** Views of an encoder, as mime bundles. */
export interface Figures {
  pca: MimeBundle;
  correspondence: MimeBundle;
  /** A sentence for an encoder whose attention cannot be taken out. */
  attention: MimeBundle | string;
  /** Null without a fit. */
  law: MimeBundle | null;
}

/** Most pictures that are shown where none are chosen. */
const SHOWN = 4;
/** Layers of the correspondence view: the paper's and the last. */
const VIEWED = [-2, -1];

/** Draws the views: of the chosen pictures, or of the first pairs', and of the first pair's correspondence. */
export async function drawFigures(
  encoder: Encoder,
  pairs: readonly SpairPair[],
  pictures: readonly ImageInput[] | undefined,
  { table, fit }: { table: ScoreTable; fit: TableFit | null },
  signal?: AbortSignal,
): Promise<Figures> {
  const shown = pictures ?? (await firstPictures(pairs));
  const components = await pca(shown, encoder, { indices: [-1], signal });
  return {
    pca: components.bundle,
    correspondence: await drawPair(encoder, pairs[0]),
    attention: await drawAttention(encoder, shown),
    law: fit && drawLaw(table, fit),
  };
}

/** Sources of the first pair of each category, then of any pair; decoded, so that the page holds no paths. */
async function firstPictures(pairs: readonly SpairPair[]): Promise<ImageInput[]> {
  const categories = new Map(pairs.map(({ category, source }) => [category, source.path]));
  const paths = [...new Set([...categories.values(), ...pairs.map(({ source }) => source.path)])];
  return Promise.all(paths.slice(0, SHOWN).map((path) => decodeImage(path)));
}

async function drawPair(encoder: Encoder, pair: SpairPair): Promise<MimeBundle> {
  const [source, target] = [await decodeImage(pair.source.path), await decodeImage(pair.target.path)];
  const view = await correspondence(source, target, encoder, {
    indices: VIEWED.slice(-Math.min(VIEWED.length, encoder.info.depth)),
    keypoints: pair,
    labels: [pair.source.name, pair.target.name],
    title: `Correspondence: ${pair.category}`,
  });
  view.dispose();
  return view.bundle;
}

/** Draws the last attention that the graph shows; windows of a hierarchical encoder are no map of the picture. */
async function drawAttention(encoder: Encoder, pictures: readonly ImageInput[]): Promise<MimeBundle | string> {
  const shown = encoder.info.blocks.filter(({ attention: tensor }) => tensor !== null);
  if (shown.length === 0) return "The graph of this encoder exposes no attention.";
  const { index } = shown[shown.length - 1];
  try {
    const view = await attention(pictures, encoder, { indices: [index], title: `Attention of block ${index}` });
    view.dispose();
    return view.bundle;
  } catch (error) {
    if (error instanceof RuleError) return `The attention of block ${index} cannot be shown: ${error.message}.`;
    throw error;
  }
}

function drawLaw(table: ScoreTable, fit: TableFit): MimeBundle {
  const view = law(table, fit);
  view.dispose();
  return view.bundle;
}
