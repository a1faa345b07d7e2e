import type { Grid } from "../../contracts/geometry";
import type { RawImage } from "../../data/image";
import { ViewError } from "../../protocol/core/error";
import { MOST_STAGES, MOST_WORDS } from "../../protocol/refinement/payload";
import { checker } from "../../rules/rule-error";
import { isRecord } from "../../rules/json-text";

/** A model after one stage, in plain data. */
export interface RefinementSnapshotLike {
  /** Name of the stage. */
  readonly name: string;
  /** Channels of tokens and words. */
  readonly width: number;
  /** Visual tokens in the space of the words, [pictures · rows · columns, width]. */
  readonly tokens: Float32Array;
  /** [words, width]. */
  readonly words: Float32Array;
  /** Figures by name with the half widths of their 95 % intervals. */
  readonly measures: Readonly<Record<string, { readonly value: number; readonly half: number | null }>>;
  /** Distributions by layer; quantiles at 0, 0.05, 0.25, 0.5, 0.75, 0.95 and 1. */
  readonly layers: readonly {
    readonly name: string;
    readonly distribution: { readonly quantiles: readonly number[] };
  }[];
}

/** Snapshots of a refinement, as `refine.record` collects them. */
export interface RefinementSourceLike {
  /** The pictures as the model sees them. */
  readonly images: readonly RawImage[];
  /** Rows and columns of a picture's tokens. */
  readonly grid: Grid;
  readonly words: readonly string[];
  /** The first one before training. */
  readonly snapshots: readonly RefinementSnapshotLike[];
}

const QUANTILES = 7;

/** Checks the source of `view.refinement`. @throws ViewError */
export function checkRefinement(where: string, source: RefinementSourceLike): void {
  const rule = checker(where, ViewError);
  const given = source as Partial<RefinementSourceLike> | null | undefined;
  const lists = [given?.images, given?.words, given?.snapshots, given?.grid];
  rule(lists.every(Array.isArray) && lists[2]!.every(isRecord), "source must be what refine.record returns", source);
  const { images, grid, words, snapshots } = source;
  rule(
    snapshots.length >= 1 && snapshots.length <= MOST_STAGES,
    `snapshots must be 1 to ${MOST_STAGES}`,
    snapshots.length,
  );
  rule(words.length >= 1 && words.length <= MOST_WORDS, `words must be 1 to ${MOST_WORDS}`, words.length);
  const cells = grid[0] * grid[1];
  rule(Number.isInteger(cells) && cells > 0, "grid must be whole numbers of rows and columns", grid);
  rule(images.length > 0, "there must be a picture", images.length);
  const [{ width }] = snapshots;
  rule(Number.isInteger(width) && width >= 2, "width must be a whole number of at least 2", width);
  for (const snapshot of snapshots) {
    checkValues(rule, snapshot, { width, tokens: images.length * cells, words: words.length });
    checkFigures(rule, snapshot, snapshots[0]);
  }
}

type Rule = ReturnType<typeof checker>;

/** Numbers of tokens and words, and their channels. */
interface Sizes {
  tokens: number;
  words: number;
  width: number;
}

function checkValues(rule: Rule, { name, width, tokens, words }: RefinementSnapshotLike, sizes: Sizes): void {
  const at = `of stage ${name}`;
  rule(width === sizes.width, `width ${at} must be ${sizes.width}`, width);
  const values = sizes.tokens * width;
  rule(tokens.length === values, `tokens ${at} must be ${values} values`, tokens.length);
  rule(words.length === sizes.words * width, `words ${at} must be ${sizes.words} x ${width}`, words.length);
  const areFinite = tokens.every(Number.isFinite) && words.every(Number.isFinite);
  rule(areFinite, `tokens and words ${at} must be finite`, "a value that is not");
}

/** Refuses measures and layers that differ from those of the first stage. */
function checkFigures(rule: Rule, snapshot: RefinementSnapshotLike, first: RefinementSnapshotLike): void {
  const at = `of stage ${snapshot.name}`;
  const [measures, wanted] = [snapshot, first].map((one) => Object.keys(one.measures));
  rule(`${measures}` === `${wanted}`, `measures ${at} must be ${wanted.join(", ")}`, measures);
  const [layers, names] = [snapshot, first].map((one) => one.layers.map(({ name }) => name));
  rule(`${layers}` === `${names}`, `layers ${at} must be ${names.join(", ")}`, layers.length);
  for (const { name, distribution } of snapshot.layers) {
    const { quantiles } = distribution;
    rule(quantiles.length === QUANTILES, `quantiles of ${name} ${at} must be ${QUANTILES}`, quantiles);
  }
}
