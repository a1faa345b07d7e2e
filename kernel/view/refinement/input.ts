import type { Grid } from "../../contracts/geometry";
import type { RawImage } from "../../data/image";
import { ViewError } from "../../protocol/core/error";
import { MOST_STAGES, MOST_WORDS } from "../../protocol/refinement/payload";
import { checker } from "../../rules/rule-error";

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
  rule(lists.every(Array.isArray), "source must be what refine.record returns", source);
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
  const [{ width, measures, layers }] = snapshots;
  rule(Number.isInteger(width) && width >= 2, "width must be a whole number of at least 2", width);
  const [figures, names] = [Object.keys(measures), layers.map(({ name }) => name)];
  for (const snapshot of snapshots) {
    const at = `of stage ${snapshot.name}`;
    rule(snapshot.width === width, `width ${at} must be ${width}`, snapshot.width);
    const tokens = images.length * cells * width;
    rule(snapshot.tokens.length === tokens, `tokens ${at} must be ${tokens} values`, snapshot.tokens.length);
    rule(
      snapshot.words.length === words.length * width,
      `words ${at} must be ${words.length} x ${width}`,
      snapshot.words.length,
    );
    const isFinite = snapshot.tokens.every(Number.isFinite) && snapshot.words.every(Number.isFinite);
    rule(isFinite, `tokens and words ${at} must be finite`, "a value that is not");
    rule(
      `${Object.keys(snapshot.measures)}` === `${figures}`,
      `measures ${at} must be ${figures.join(", ")}`,
      Object.keys(snapshot.measures),
    );
    rule(
      `${snapshot.layers.map(({ name }) => name)}` === `${names}`,
      `layers ${at} must be ${names.join(", ")}`,
      snapshot.layers.length,
    );
    for (const { name, distribution } of snapshot.layers)
      rule(
        distribution.quantiles.length === QUANTILES,
        `quantiles of ${name} ${at} must be ${QUANTILES}`,
        distribution.quantiles,
      );
  }
}
