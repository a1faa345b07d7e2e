import { describe, described, type DisplayBundle } from "../../display/describe";
import type { Aligner } from "./aligner";
import type { Direction } from "../cosines/cosine-graphs";
import type { AlignmentScore } from "./definitions";
import { append, dotRow, mean, unitRows } from "../../numeric";
import { LawError } from "../error";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import type { TokenSet } from "../../similarity/token-set";
import { fixed } from "../words";
import { checkArguments } from "../../rules/arguments";
import { counted } from "../../protocol/core/words";

const DIRECTIONS: readonly Direction[] = ["target-to-reference", "reference-to-target"];

/** Options of `law.aScore`. */
export interface AScoreOptions {
  /**
   * Direction of the search. `target-to-reference` (the paper, default): every target token looks for its best
   * reference token.
   */
  direction?: Direction;
  /** Computes the cosines, as `law.aligner()` does; default plain loops, which take minutes for large token sets. */
  aligner?: Aligner;
}

/** By name of the reference encoder: one token set an image, in the order of the targets. */
type References = Readonly<Record<string, readonly TokenSet[]>>;

/** A score by cosines; `captionScore` is the paper's other definition. */
export interface AScore extends AlignmentScore {
  definition: "cosine";
  direction: Direction;
  /** Mean over the references. In [-1, 1]. */
  score: number;
  /** Score by reference, the mean over the images. */
  references: Record<string, number>;
  /** Scores by reference, one number per image. */
  images: Record<string, number[]>;
}

/**
 * A score: how well the tokens of an encoder align with those of reference encoders
 * (Law of Vision Representation, arXiv 2408.16357, first version):
 * `s(i) = mean_j max_k cos(E_j(i), R_k(i))`, averaged over images, then over references.
 *
 * With an `aligner` the work leaves the thread and the score comes as a promise: images are computed while the next ones are
 * made ready, and no more than four are held by the aligner.
 *
 * @param targets one token set an image, after the projector of the model that uses the encoder, or raw features of one width
 * @param references by name: one token set an image, in the order of `targets`
 * @throws LawError when counts or widths differ.
 */
export function aScore(
  targets: readonly TokenSet[],
  references: References,
  options?: AScoreOptions & { aligner?: undefined },
): AScore;
export function aScore(
  targets: readonly TokenSet[],
  references: References,
  options: AScoreOptions & { aligner: Aligner },
): Promise<AScore>;
export function aScore(
  targets: readonly TokenSet[],
  references: References,
  options: AScoreOptions = {},
): AScore | Promise<AScore> {
  checkOptionNames("law.aScore", options, NAMES, LawError);
  const { direction = "target-to-reference", aligner } = options;
  if (!DIRECTIONS.includes(direction))
    throw new LawError("law.aScore", `direction must be ${DIRECTIONS.join(" or ")}`, direction);
  if (aligner) return throughAligner(aligner, targets, references, direction);
  checkSets(targets, references);
  const images = Object.entries(references).map(([name, sets]): [string, number[]] => [
    name,
    targets.map((target, i) => alignment(target, sets[i], direction)),
  ]);
  return summarizeImages(images, direction);
}

async function throughAligner(
  aligner: Aligner,
  targets: readonly TokenSet[],
  references: References,
  direction: Direction,
): Promise<AScore> {
  checkSets(targets, references);
  const sets = Object.values(references);
  targets.forEach((target, i) => sets.forEach((set) => checkWidths(target, set[i])));
  const scores: number[][] = [];
  const running: Promise<number[]>[] = [];
  for (const [i, target] of targets.entries()) {
    const of = sets.map((set) => set[i]);
    const next = aligner.align(target, of, direction);
    // The failure is reported on this image's turn.
    next.catch(() => {});
    running.push(next);
    if (running.length === IN_FLIGHT) scores.push(await (running.shift() as Promise<number[]>));
  }
  append(scores, await Promise.all(running));
  const names = Object.keys(references);
  const images = names.map((name, r): [string, number[]] => [name, scores.map((of) => of[r])]);
  return summarizeImages(images, direction);
}

/** Images at an aligner: two that run and two that wait. */
const IN_FLIGHT = 4;

const TOKENS_KIND = { data: "list", width: "size" } as const;

function checkSets(targets: readonly TokenSet[], references: References): void {
  checkArguments("law.aScore", LawError, { targets, references }, { targets: [TOKENS_KIND], references: "object" });
  if (targets.length === 0) throw new LawError("law.aScore", "at least one image is needed", 0);
  const sets = Object.entries(references);
  if (sets.length === 0) throw new LawError("law.aScore", "at least one reference is needed", 0);
  for (const [name, list] of sets) {
    checkArguments("law.aScore", LawError, { [`references.${name}`]: list }, { [`references.${name}`]: [TOKENS_KIND] });
    const { length } = list;
    if (length !== targets.length) {
      throw new LawError("law.aScore", `reference ${name} must have ${targets.length} images`, length);
    }
  }
}

function summarizeImages(images: [name: string, scores: number[]][], direction: Direction): AScore {
  const references = Object.fromEntries(images.map(([name, scores]) => [name, mean(scores)]));
  const score = mean(Object.values(references));
  const result = { definition: "cosine" as const, direction, score, references, images: Object.fromEntries(images) };
  return described<AScore>(result, showAScore);
}

function checkWidths(target: TokenSet, reference: TokenSet): void {
  if (target.width === reference.width) return;
  const rule = `target and reference must share one width, the target has ${target.width}`;
  throw new LawError("law.aScore", rule, reference.width);
}

function alignment(target: TokenSet, reference: TokenSet, direction: Direction): number {
  checkWidths(target, reference);
  const [from, to] = direction === "target-to-reference" ? [target, reference] : [reference, target];
  const queries = unitRows(from.data, from.width);
  const keys = unitRows(to.data, to.width);
  const count = queries.length / from.width;
  const cosines = new Float64Array(keys.length / from.width);
  let sum = 0;
  for (let q = 0; q < count; q++) {
    dotRow(queries, q, keys, from.width, cosines);
    sum += cosines.reduce((best, value) => Math.max(best, value), -Infinity);
  }
  return sum / count;
}

const NAMES: OptionNames<AScoreOptions> = { direction: true, aligner: true };

/** Shows the score and its part of each reference. */
function showAScore({ score, direction, references, images }: AScore): DisplayBundle {
  const count = Object.values(images)[0].length;
  return describe(`A score over ${counted(count, "image")}, cosine, ${direction}`, [
    ["mean", fixed(score, 4)],
    ...Object.entries(references).map(([name, value]): [string, string] => [`against ${name}`, fixed(value, 4)]),
  ]);
}
