import { DenseError } from "./error";
import type { StoredMap } from "./map";
import type { DenseTask } from "./tasks";
import { IGNORE } from "./tasks";
import { isWhole } from "../../rules/rule-error";

/** Values of a map in the form that losses and scores take. */
export interface DenseValues {
  /** `[height, width, channels]`: classes, shares 0..1, unit vectors or depths. */
  readonly data: Float64Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

/** Encodings that differ between data sets. */
export interface ValueOptions {
  /** Number of classes of semantic segmentation or parts; values outside are refused. Default: any number. */
  classes?: number;
  /** Stored value of the first class; stored values below it are ignored. NYUv2 has 1, because its 0 is unlabelled. Default 0. */
  firstClass?: number;
  /** Metres of one stored unit of depth. Default 1. */
  depthScale?: number;
}

/** Bounds of a stored normal's length: others are pixels without a normal. */
const SHORTEST = 0.5;
const LONGEST = 1.5;

/**
 * Turns the stored values of a label into those of its task: classes from 0, with 255 for pixels that do not count; saliency and
 * boundaries as 0 and 1; unit normals, zero where there is none; depths in metres, zero where they are not known.
 *
 * @throws DenseError for values that the task does not have
 */
export function labelOf(fn: string, task: DenseTask, map: StoredMap, options: ValueOptions = {}): DenseValues {
  if (task === "semseg" || task === "parts") return classesOf(fn, map, options, true);
  if (task === "normals") return normalsOf(fn, map, true);
  if (task === "depth") return depthsOf(fn, map, options);
  return maskOf(oneChannel(fn, map), map.most ?? 1);
}

/**
 * Turns the stored values of a prediction into those of its task, as {@link labelOf} does; saliency and boundaries are shares, the
 * largest value of an integer file being 1.
 *
 * @throws DenseError for values that the task does not have
 */
export function predictionOf(fn: string, task: DenseTask, map: StoredMap, options: ValueOptions = {}): DenseValues {
  if (task === "semseg" || task === "parts") return classesOf(fn, map, options, false);
  if (task === "normals") return normalsOf(fn, map, false);
  if (task === "depth") return depthsOf(fn, map, options);
  const one = oneChannel(fn, map);
  const shares = one.data.map((value) => value / (map.most ?? 1));
  const bad = shares.find((value) => !(value >= 0 && value <= 1));
  if (bad !== undefined) throw new DenseError(fn, map.file, "a prediction must lie in 0..1", bad);
  return { ...one, data: shares };
}

/** Returns a map of 0 and 1: grey levels above the middle are 1; in a map of 0, 1 and 255 the last does not count. */
function maskOf(map: DenseValues, most: number): DenseValues {
  const isMask = map.data.includes(1) && map.data.every((value) => value === 0 || value === 1 || value === IGNORE);
  if (isMask) return map;
  return { ...map, data: map.data.map((value) => (value > most / 2 ? 1 : 0)) };
}

function classesOf(fn: string, map: StoredMap, options: ValueOptions, isLabel: boolean): DenseValues {
  const { classes = Infinity, firstClass = 0 } = options;
  const one = oneChannel(fn, map);
  const data = one.data.map((value) => {
    if (isLabel && (value === IGNORE || (value >= 0 && value < firstClass))) return IGNORE;
    const found = value - firstClass;
    if (isWhole(found, 0) && found < classes) return found;
    throw new DenseError(
      fn,
      map.file,
      `a ${isLabel ? "label" : "prediction"} must be ${legal(options, isLabel)}`,
      value,
    );
  });
  return { ...one, data };
}

function legal({ classes = Infinity, firstClass = 0 }: ValueOptions, isLabel: boolean): string {
  const range = classes === Infinity ? "a whole number" : `a class of ${firstClass}..${firstClass + classes - 1}`;
  return isLabel ? `${range}, or ${IGNORE}` : range;
}

/** Takes the only channel; grey pictures with three or four equal channels have one. */
function oneChannel(fn: string, { data, width, height, channels, file }: StoredMap): DenseValues {
  const values = new Float64Array(width * height);
  const colors = channels === 2 ? 1 : Math.min(3, channels);
  for (let at = 0; at < values.length; at++) {
    values[at] = data[at * channels];
    for (let c = 1; c < colors; c++)
      if (data[at * channels + c] !== values[at])
        throw new DenseError(fn, file, "the map must have one channel, or equal ones", `${channels} channels`);
  }
  return { data: values, width, height, channels: 1 };
}

function normalsOf(
  fn: string,
  { data, width, height, channels, most, file }: StoredMap,
  isLabel: boolean,
): DenseValues {
  if (channels !== 3) throw new DenseError(fn, file, "normals have 3 channels", channels);
  const values = Float64Array.from(data, (value) => (most === null ? value : (2 * value) / most - 1));
  const bad = values.find((value) => !Number.isFinite(value));
  if (bad !== undefined) throw new DenseError(fn, file, "normals must be finite", bad);
  // The whole-number form of a pixel without normal is no vector of zeros.
  const [shortest, longest] = isLabel && most !== null ? [SHORTEST, LONGEST] : [Number.MIN_VALUE, Infinity];
  for (let at = 0; at < values.length; at += 3) {
    const length = Math.hypot(values[at], values[at + 1], values[at + 2]);
    const isNormal = length >= shortest && length <= longest;
    for (let c = at; c < at + 3; c++) values[c] = isNormal ? values[c] / length : 0;
  }
  return { data: values, width, height, channels: 3 };
}

function depthsOf(fn: string, map: StoredMap, { depthScale = 1 }: ValueOptions): DenseValues {
  const one = oneChannel(fn, map);
  const bad = one.data.find((value) => !Number.isFinite(value));
  if (bad !== undefined) throw new DenseError(fn, map.file, "depths must be finite", bad);
  return { ...one, data: one.data.map((value) => value * depthScale) };
}
