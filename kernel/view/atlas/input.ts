import type { RawImage } from "../../data/image";
import type { Grid } from "../../contracts/geometry";
import { type AtlasKind, ATLAS_KINDS } from "../../protocol/atlas/arithmetic";
import { MAX_EXPERTS } from "../../protocol/atlas/payload";
import { ViewError } from "../../protocol/core/error";
import { checker } from "../../rules/rule-error";

/** A dense task of a student, in plain data. */
export interface AtlasTaskLike {
  readonly name: string;
  readonly kind: AtlasKind;
  /** Channels of the head. */
  readonly outputs: number;
  /** Weights of the picture's router, [levels, experts]. */
  readonly weights: Float32Array;
  /** Weights for other pictures, [pictures, levels, experts]. */
  readonly others: Float32Array;
  /** Labels, [height, width, channels] as the task's prediction is shown. */
  readonly truth?: ArrayLike<number>;
}

/** A student's features of one picture, and a way to its predictions, as `sak.atlasOf` gives them. */
export interface AtlasSourceLike {
  /** The picture as the student sees it. */
  readonly image: RawImage;
  /** Names of the stem and the teachers. */
  readonly experts: readonly string[];
  readonly levels: readonly string[];
  readonly grid: Grid;
  readonly channels: number;
  /** Tokens [rows · columns, channels] by level, then by expert. */
  readonly maps: readonly (readonly Float32Array[])[];
  readonly tasks: readonly AtlasTaskLike[];
  /**
   * Returns the heads' outputs [outputs, height, width] by task.
   *
   * @param weights of the experts for every task and level; null leaves them to the routers
   * @param closed places of teachers among the experts that take no part
   */
  predict(
    weights: readonly number[] | null,
    closed: readonly number[],
  ): Promise<Readonly<Record<string, Float32Array>>>;
}

/** Checks the input of `view.atlas`. */
export function checkSource(where: string, source: AtlasSourceLike): void {
  const rule = checker(where, ViewError);
  rule(typeof source?.predict === "function", "source must be what sak.atlasOf returns", source);
  const { experts, levels, grid, channels, maps, tasks } = source;
  const [E, L] = [experts.length, levels.length];
  rule(E >= 2 && E <= MAX_EXPERTS, `experts must be 2 to ${MAX_EXPERTS}`, experts);
  rule(tasks.length > 0, "the student must have tasks", tasks);
  rule(
    maps.length === L && maps.every((row) => row.length === E),
    `maps must be ${L} levels of ${E} experts`,
    maps.length,
  );
  for (const map of maps.flat())
    rule(
      map.length === grid[0] * grid[1] * channels,
      `a map must have ${grid.join(" x ")} x ${channels} values`,
      map.length,
    );
  for (const { name, kind, weights, others } of tasks) {
    rule(ATLAS_KINDS.includes(kind), `kind of ${name} must be one of ${ATLAS_KINDS.join(", ")}`, kind);
    rule(weights.length === L * E, `weights of ${name} must be ${L} x ${E}`, weights.length);
    rule(others.length % (L * E) === 0, `others of ${name} must be rows of ${L} x ${E}`, others.length);
  }
}
