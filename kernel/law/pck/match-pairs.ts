import { append, argmax } from "../../numeric";
import { Cosines } from "../cosines/cosines";
import { placementOf, type ImageFeatures } from "./extraction";
import type { GridFeatures } from "../../contracts/features";
import { similarityRow } from "./match";
import { checkGrids, judgeRows, sourceCells, type PckOptions, type PckPair } from "./pck";
import type { FeatureSupply } from "./supply";
import type { PairOutcome } from "./summary";

/** Pair with the path of each image file. */
export interface PathPair extends PckPair {
  readonly source: PckPair["source"] & { readonly path: string };
  readonly target: PckPair["target"] & { readonly path: string };
}

/** Pairs of one target, by position. Their keypoints go into one matrix product. */
export interface TargetGroup {
  readonly target: string;
  readonly pairs: readonly number[];
}

/** Largest number of pairs in one product, for a list with few targets. */
const MOST_PAIRS = 64;

/** Groups pairs by category, so that about one category of images is in memory; targets keep the order of the pairs. */
export function groupByTarget(pairs: readonly PathPair[]): TargetGroup[] {
  const groups: { category: string; target: string; pairs: number[] }[] = [];
  const open = new Map<string, { pairs: number[] }>();
  for (const [i, { category, target }] of pairs.entries()) {
    const key = JSON.stringify([category, target.path]);
    const group = open.get(key);
    if (group && group.pairs.length < MOST_PAIRS) {
      group.pairs.push(i);
      continue;
    }
    const fresh = { category, target: target.path, pairs: [i] };
    groups.push(fresh);
    open.set(key, fresh);
  }
  return groups.sort((a, b) => compare(a.category, b.category));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Paths that a group requests from its supply, in order. */
export function usesOf({ target, pairs: members }: TargetGroup, pairs: readonly PathPair[]): string[] {
  return [target, ...members.map((i) => pairs[i].source.path)];
}

/** Groups whose products run or wait. */
const IN_FLIGHT = 3;

export interface MatchJob extends PckOptions {
  /** Public function, for errors. */
  where: string;
  /** Match each keypoint's cell of the target back to the source. */
  reciprocal?: boolean;
  onPairs?: (done: number) => void;
  signal?: AbortSignal;
}

/** Outcomes in the order of the pairs, one list per layer. */
export interface Matched {
  layers: number[];
  outcomes: PairOutcome[][];
  /** Number of pairs matched so far. */
  done: number;
}

/**
 * Matches the keypoints of all pairs, target by target. Rows of the next group are gathered while the cosines of
 * earlier groups run in their threads. At most four groups and their images are in memory.
 */
export async function matchPairs(
  pairs: readonly PathPair[],
  groups: readonly TargetGroup[],
  supply: FeatureSupply,
  job: MatchJob,
): Promise<Matched> {
  const cosines = new Cosines(job.where);
  const matched: Matched = { layers: [], outcomes: [], done: 0 };
  const running: Promise<void>[] = [];
  try {
    for (const group of groups) {
      job.signal?.throwIfAborted();
      const gathered = await gather(group, pairs, supply, job);
      matched.layers = gathered.layers;
      const work = multiply(gathered, cosines).then((rows) => judge(gathered, rows, matched, job));
      // The failure is reported on this group's turn.
      work.catch(() => {});
      running.push(work);
      if (running.length === IN_FLIGHT) await running.shift();
    }
    await Promise.all(running);
  } finally {
    await cosines.dispose();
  }
  return matched;
}

/** Group with gathered rows, ready for its products. */
interface Gathered {
  layers: number[];
  /** Position of the pair, the end of its rows, and the source's maps where they are matched back. */
  members: { at: number; pair: PathPair; end: number; sources: readonly GridFeatures[] }[];
  /** Per layer: the rows of all keypoints, the target's map and the side of its grid. */
  maps: { rows: Float32Array[]; keys: GridFeatures; side: number }[];
}

async function gather(
  group: TargetGroup,
  pairs: readonly PathPair[],
  supply: FeatureSupply,
  options: MatchJob,
): Promise<Gathered> {
  const target = await supply(group.target);
  const members: Gathered["members"] = [];
  const maps = target.features.map((keys): Gathered["maps"][number] => ({
    rows: [],
    keys,
    side: checkGrids(options.where, keys, keys),
  }));
  for (const at of group.pairs) {
    const source = await supply(pairs[at].source.path);
    const pair = placed(pairs[at], source, target, options);
    source.features.forEach((from, l) => {
      const { rows, keys, side } = maps[l];
      checkGrids(options.where, from, keys);
      const row = (cell: number) => from.tokens.subarray(cell * from.channels, (cell + 1) * from.channels);
      append(rows, sourceCells(pair, side, options).map(row));
    });
    members.push({ at, pair, end: maps[0].rows.length, sources: options.reciprocal ? source.features : [] });
  }
  return { layers: target.layers, members, maps };
}

function placed(pair: PathPair, source: ImageFeatures, target: ImageFeatures, options: PckOptions): PathPair {
  const lie = ({ path, size }: PathPair["source"], { geometry }: ImageFeatures) =>
    placementOf(path, size, geometry, options);
  return {
    ...pair,
    source: { ...pair.source, placement: lie(pair.source, source) },
    target: { ...pair.target, placement: lie(pair.target, target) },
  };
}

function multiply({ maps }: Gathered, cosines: Cosines): Promise<Float32Array[]> {
  return Promise.all(
    maps.map(({ rows, keys: { tokens, channels } }) => {
      const queries = cosines.staging.gather(rows.length, channels, (i) => rows[i]);
      return cosines.rows(queries, tokens, channels);
    }),
  );
}

function judge({ members, maps }: Gathered, products: readonly Float32Array[], into: Matched, job: MatchJob): void {
  products.forEach((values, l) => {
    const { side, keys } = maps[l];
    const cells = side * side;
    const outcomes = (into.outcomes[l] ??= []);
    let from = 0;
    for (const { at, pair, end, sources } of members) {
      const rows = Array.from({ length: end - from }, (_, i) =>
        values.subarray((from + i) * cells, (from + i + 1) * cells),
      );
      const results = judgeRows(pair, rows, side, job);
      const returns = job.reciprocal ? returned(sourceCells(pair, side, job), rows, sources[l], keys) : [];
      outcomes[at] = {
        category: pair.category,
        results: job.reciprocal ? results.map((one, i) => ({ ...one, reciprocal: returns[i] })) : results,
      };
      from = end;
    }
  });
  into.done += members.length;
  job.onPairs?.(into.done);
}

/** Returns a flag for each source cell: true where the best cell of its best target cell is the cell itself (mutual nearest neighbors). */
function returned(
  cells: readonly number[],
  rows: readonly Float32Array[],
  source: GridFeatures,
  target: GridFeatures,
): boolean[] {
  return cells.map(
    (cell, i) => argmax(similarityRow(target.tokens, argmax(rows[i]), source.tokens, source.channels)) === cell,
  );
}
