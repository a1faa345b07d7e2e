import type { Grid } from "../contracts/geometry";
import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import * as nn from "../nn";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { resizeTokens } from "../tasks/dense/resize";
import { SakError } from "./error";
import { mapLoss } from "./map-loss";

/** Options of {@link distillationLoss}. */
export interface DistillationOptions {
  /** Cosine of whole maps, as the paper, or mean of the tokens' cosines, as UNIC and DUNE. Default `map`. */
  cosine?: "map" | "token";
  /** Factor of 1 - cosine. Default 0.9. */
  cosineWeight?: number;
  /** Factor of the smooth L1 loss. Default 0.1. */
  smoothWeight?: number;
  /** Factor of the difference between the tokens' similarities to each other. Default 0: not computed. */
  relationalWeight?: number;
}

/** Tokens of one level with their grid. */
export interface GridTokens {
  /** [B, rows · columns, C] */
  tokens: Tensor;
  grid: Grid;
}

/** One loss a picture: the batch is not reduced. */
const EACH = { reduction: "none" } as const;

const FN = "sak.distillationLoss";
const NAMES: OptionNames<DistillationOptions> = {
  cosine: true,
  cosineWeight: true,
  smoothWeight: true,
  relationalWeight: true,
};

/**
 * Returns the distance of a student's level to its teacher's for each picture; the mean is the paper's loss. The teacher gets
 * no gradient. Where the grids differ, the map of fewer rows is resized to the other (of fewer columns where the rows are
 * equal).
 *
 *     0.9 (1 - cos(vec S, vec T)) + 0.1 SmoothL1(S, T)                                            arXiv 2410.14633
 *     relational: mean over pairs of tokens of (cos(s_i, s_j) - cos(t_i, t_j))²                   arXiv 1903.04197, eq. 4
 *
 * @returns [B]
 * @throws SakError for other widths or batches, or a weight below 0
 */
export function distillationLoss(student: GridTokens, teacher: GridTokens, options: DistillationOptions = {}): Tensor {
  checkDistillation(FN, options);
  checkPair(student, teacher);
  const { cosine = "map", cosineWeight = 0.9, smoothWeight = 0.1, relationalWeight = 0 } = options;
  return tf.tidy(() => {
    const [s, t] = onOneGrid(student, { ...teacher, tokens: nn.stopGradient(teacher.tokens) });
    const rest = relationalWeight > 0 ? [tf.mul(relational(s, t), relationalWeight)] : [];
    if (cosine === "map") return tf.addN([mapLoss(flat(s), flat(t), { cosineWeight, smoothWeight }), ...rest]);
    const parts = [
      tf.mul(tf.mean(nn.cosineLoss(s, t, EACH), -1), cosineWeight),
      tf.mul(tf.mean(nn.smoothL1(flat(s), flat(t), EACH), -1), smoothWeight),
      ...rest,
    ];
    return tf.addN(parts);
  });
}

/** Checks options of the distillation of one level. */
export function checkDistillation(fn: string, options: DistillationOptions): void {
  checkOptionNames(fn, options, NAMES, SakError);
  const { cosine = "map" } = options;
  if (cosine !== "map" && cosine !== "token") throw new SakError(fn, "cosine must be map or token", cosine);
  for (const key of ["cosineWeight", "smoothWeight", "relationalWeight"] as const) {
    const value = options[key] ?? 0;
    if (!(Number.isFinite(value) && value >= 0)) throw new SakError(fn, `${key} must be a number of at least 0`, value);
  }
}

function checkPair(student: GridTokens, teacher: GridTokens): void {
  for (const { tokens, grid } of [student, teacher])
    if (tokens.shape[1] !== grid[0] * grid[1])
      throw new SakError(FN, `tokens of a grid ${grid.join(" x ")} must be [B, ${grid[0] * grid[1]}, C]`, tokens.shape);
  const [B, , C] = student.tokens.shape;
  const { shape } = teacher.tokens;
  if (shape[0] !== B || shape[2] !== C)
    throw new SakError(FN, `the teacher's tokens must be [${B}, N, ${C}], as the student's`, shape);
}

/** Resizes the smaller of two maps to the other's grid. */
function onOneGrid(student: GridTokens, teacher: GridTokens): [Tensor, Tensor] {
  const order = compare(student.grid, teacher.grid);
  if (order === 0) return [student.tokens, teacher.tokens];
  const [target, other] = order < 0 ? [teacher, student] : [student, teacher];
  const resized = resizeTokens(other.tokens, other.grid, target.grid);
  return order < 0 ? [resized, teacher.tokens] : [student.tokens, resized];
}

const compare = (a: Grid, b: Grid): number => a[0] - b[0] || a[1] - b[1];

const flat = (tokens: Tensor): Tensor => tf.reshape(tokens, [tokens.shape[0] as number, -1]);

/** Returns the mean squared difference of both matrices of cosines between tokens [B, N, C], for each picture. */
function relational(a: Tensor, b: Tensor): Tensor {
  const similarities = (x: Tensor): Tensor => {
    const unit = nn.normalize(x);
    return tf.matMul(unit as never, unit as never, false, true);
  };
  return tf.mean(tf.square(tf.sub(similarities(a), similarities(b))), [1, 2]);
}
