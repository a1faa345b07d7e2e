import { base64Decode, base64Encode } from "../core/base64";

/** A point of a curve. */
export interface CurvePoint {
  step: number;
  value: number;
}

/** Some neighbouring points in one: their mean, and the extremes where they stood. */
export interface Bucket {
  /** Update of the bucket's last point. */
  step: number;
  count: number;
  mean: number;
  low: CurvePoint;
  high: CurvePoint;
}

/**
 * A curve in columns, each base64 of 32-bit floats or whole numbers: a notebook writes every number of a JSON array on
 * a separate line. `lows` to `counts` are there only where a bucket holds more than one point.
 */
export interface SavedCurve {
  /** Points that make a full bucket, a power of two. */
  width: number;
  steps: string;
  means: string;
  lows?: string;
  lowSteps?: string;
  highs?: string;
  highSteps?: string;
  counts?: string;
}

/** Buckets of a curve while it is followed. */
export const CAPACITY = 1024;

/**
 * A curve of any length in bounded room: when the buckets run out, neighbours become one. Smallest and largest value of all
 * stay what and where they were.
 */
export class Curve {
  private width = 1;
  private held: Bucket[] = [];

  constructor(private readonly capacity: number = CAPACITY) {}

  get buckets(): readonly Bucket[] {
    return this.held;
  }

  /** The latest point, or the mean of the latest bucket. */
  get last(): CurvePoint | undefined {
    const bucket = this.held.at(-1);
    return bucket && { step: bucket.step, value: bucket.mean };
  }

  /** Adds a point; one that does not lie behind the last is left out. */
  push(step: number, value: number): void {
    const last = this.held.at(-1);
    if (!Number.isFinite(value) || (last && step <= last.step)) return;
    const point = { step, value };
    const bucket: Bucket = { step, count: 1, mean: value, low: point, high: point };
    if (last && last.count < this.width) this.held[this.held.length - 1] = joined(last, bucket);
    else this.held.push(bucket);
    if (this.held.length > this.capacity) this.halve();
  }

  /** The points to draw: every one, or of each bucket the extremes in their order. */
  points(): CurvePoint[] {
    return this.held.flatMap(({ count, low, high }) => {
      if (count === 1) return [low];
      return low.step <= high.step ? [low, high] : [high, low];
    });
  }

  /**
   * The mean of the neighbourhood of each bucket, both sides weighted by e^(-distance / span) in steps: unlike a mean of the past it
   * does not lag behind the curve.
   */
  smoothed(span: number): CurvePoint[] {
    const [before, after] = [this.held, [...this.held].reverse()].map((buckets) => pastSums(buckets, span));
    after.reverse();
    return this.held.map(({ step, mean, count }, i) => {
      const sum = before[i].sum + after[i].sum - mean * count;
      return { step, value: sum / (before[i].weight + after[i].weight - count) };
    });
  }

  /** Returns a copy with at most `capacity` buckets. */
  thinned(capacity: number): Curve {
    const curve = new Curve(capacity);
    curve.width = this.width;
    curve.held = [...this.held];
    while (curve.held.length > capacity) curve.halve();
    return curve;
  }

  save(): SavedCurve {
    const floats = (of: (bucket: Bucket) => number): string => packed(Float32Array.from(this.held, of));
    const wholes = (of: (bucket: Bucket) => number): string => packed(Uint32Array.from(this.held, of));
    const plain = { width: this.width, steps: wholes(({ step }) => step), means: floats(({ mean }) => mean) };
    if (this.width === 1) return plain;
    return {
      ...plain,
      lows: floats(({ low }) => low.value),
      lowSteps: wholes(({ low }) => low.step),
      highs: floats(({ high }) => high.value),
      highSteps: wholes(({ high }) => high.step),
      counts: wholes(({ count }) => count),
    };
  }

  /** Reads a saved curve; points that are not finite, or not in order, are left out. */
  static load(saved: SavedCurve, capacity: number = CAPACITY): Curve {
    const curve = new Curve(capacity);
    curve.width = saved.width;
    const steps = unpackedWholes(saved.steps);
    const means = unpackedFloats(saved.means);
    const { lowSteps, highSteps, counts } = loadColumns(saved, ["lowSteps", "highSteps", "counts"], unpackedWholes);
    const { lows, highs } = loadColumns(saved, ["lows", "highs"], unpackedFloats);
    steps.forEach((step, i) => {
      const [mean, last] = [means[i], curve.held.at(-1)?.step ?? -1];
      const low = { step: lowSteps?.[i] ?? step, value: lows?.[i] ?? mean };
      const high = { step: highSteps?.[i] ?? step, value: highs?.[i] ?? mean };
      const sound = step > last && [mean, low.value, high.value].every(Number.isFinite);
      if (sound) curve.held.push({ step, count: counts?.[i] || 1, mean, low, high });
    });
    while (curve.held.length > capacity) curve.halve();
    return curve;
  }

  private halve(): void {
    this.width *= 2;
    this.held = Array.from({ length: Math.ceil(this.held.length / 2) }, (_, i) => {
      const [first, second] = this.held.slice(2 * i, 2 * i + 2);
      return second ? joined(first, second) : first;
    });
  }
}

function joined(a: Bucket, b: Bucket): Bucket {
  const count = a.count + b.count;
  return {
    step: b.step,
    count,
    mean: (a.mean * a.count + b.mean * b.count) / count,
    low: b.low.value < a.low.value ? b.low : a.low,
    high: b.high.value > a.high.value ? b.high : a.high,
  };
}

/** For each bucket the weighted sum of itself and of those before it, and of the weights. */
function pastSums(buckets: readonly Bucket[], span: number): { sum: number; weight: number }[] {
  let [sum, weight, before] = [0, 0, buckets[0]?.step ?? 0];
  return buckets.map(({ step, mean, count }) => {
    const kept = Math.exp(-Math.abs(step - before) / span);
    before = step;
    sum = kept * sum + mean * count;
    weight = kept * weight + count;
    return { sum, weight };
  });
}

function packed({ buffer }: Float32Array | Uint32Array): string {
  return base64Encode(new Uint8Array(buffer));
}

const unpackedFloats = (text: string): Float32Array => new Float32Array(base64Decode(text).buffer);
const unpackedWholes = (text: string): Uint32Array => new Uint32Array(base64Decode(text).buffer);

/** The named columns that are there. */
function loadColumns<K extends Exclude<keyof SavedCurve, "width">, T>(
  saved: SavedCurve,
  names: readonly K[],
  unpack: (text: string) => T,
): Partial<Record<K, T>> {
  const loaded: Partial<Record<K, T>> = {};
  for (const name of names) {
    const text = saved[name];
    if (text !== undefined) loaded[name] = unpack(text);
  }
  return loaded;
}

/** Seven digits: more than a picture shows, and all of a float32. */
export function shortened(value: number): number {
  return Number(value.toPrecision(7));
}
