import { headNumbers, type AttentionShape, type HeadNumbers } from "../../protocol/attention/arithmetic";
import type { SavedRows } from "../../protocol/attention/payload";
import { ViewError } from "../../protocol/core/error";
import type { Box } from "../../protocol/core/geometry";
import { SavePlan } from "./save";
import type { KeptAttention } from "./serve";
import type { AttentionSource, LayerAttention } from "./source";

/** Bytes of attention that are computed at once. */
const BATCH_BYTES = 192 * 1024 * 1024;

/** All that a view knows before it is written down. */
export interface ReadAttention {
  /** Heads of each layer. */
  heads: number[];
  /** Place of the grid on each picture. */
  regions: Box[];
  /** By picture, then by layer. */
  numbers: HeadNumbers[][][];
  saved: SavedRows[];
}

/**
 * Computes every layer of every picture once, a few layers at a time, and keeps numbers and saved rows of each; of the attention
 * itself, only what `kept` has room for.
 *
 * @param first the layer shown first, of the first picture, and its query
 * @throws ViewError where layers or pictures differ in their grids
 */
export async function readAttentions(
  where: string,
  source: AttentionSource,
  kept: KeptAttention,
  pictures: number,
  first: { attention: LayerAttention; query: number },
): Promise<ReadAttention> {
  const { attention: known, query } = first;
  const plan = new SavePlan();
  const position = source.layers.indexOf(known.layer);
  const numbers: HeadNumbers[][][] = Array.from({ length: pictures }, () => []);
  const heads: number[] = [];
  const regions: Box[] = [];
  const take = (picture: number, one: LayerAttention): void => {
    checkShape(where, one, known.shape);
    const layer = source.layers.indexOf(one.layer);
    numbers[picture][layer] = headNumbers(one.data, one.shape).map(rounded);
    heads[layer] = one.shape.heads;
    regions[picture] = one.region;
    plan.add(picture, layer, one, one === known ? query : undefined);
    if (one !== known) kept.keep(picture, one);
  };
  take(0, known);
  const size = Math.max(1, Math.floor(BATCH_BYTES / known.data.byteLength));
  for (let picture = 0; picture < pictures; picture++) {
    const rest = source.layers.filter((_, layer) => picture > 0 || layer !== position);
    for (let at = 0; at < rest.length; at += size)
      for (const one of await source.read(picture, rest.slice(at, at + size))) take(picture, one);
  }
  kept.keep(0, known);
  return { heads, regions, numbers, saved: plan.saved };
}

function rounded({ entropy, distance }: HeadNumbers): HeadNumbers {
  return { entropy: Number(entropy.toFixed(4)), distance: Number(distance.toFixed(4)) };
}

function checkShape(where: string, { layer, shape: { grid, prefix } }: LayerAttention, expected: AttentionShape): void {
  const isSame = prefix === expected.prefix && grid[0] === expected.grid[0] && grid[1] === expected.grid[1];
  if (isSame) return;
  const wanted = `${expected.grid.join(" x ")} patches after ${expected.prefix} prefix tokens`;
  throw new ViewError(where, `layer ${layer} must have ${wanted}: choose layers of one stage by indices`, [
    prefix,
    ...grid,
  ]);
}
