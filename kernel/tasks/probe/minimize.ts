/** Value and gradient of a function at a place. */
export interface Slope {
  value: number;
  gradient: Float64Array;
}

/** Number of earlier steps that shape the next one. */
const MEMORY = 10;

/** One step and the change of the gradient along it. */
interface Pair {
  step: Float64Array;
  change: Float64Array;
  curvature: number;
}

const inner = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};

/** Returns a + factor · b. */
const along = (a: Float64Array, factor: number, b: Float64Array): Float64Array =>
  a.map((value, i) => value + factor * b[i]);

/**
 * Minimizes a smooth convex function by L-BFGS (Liu and Nocedal 1989) with halved steps, until the gradient's largest value is
 * below `tolerance` or after `steps` steps.
 */
export async function minimize(
  at: Float64Array,
  slopeAt: (place: Float64Array) => Promise<Slope>,
  { steps = 500, tolerance = 1e-6 } = {},
): Promise<Float64Array> {
  const pairs: Pair[] = [];
  let place = at;
  let slope = await slopeAt(place);
  for (let step = 0; step < steps && largest(slope.gradient) > tolerance; step++) {
    const direction = directionOf(slope.gradient, pairs);
    const next = await search(place, direction, slope, slopeAt);
    if (!next) break;
    const pair = {
      step: along(next.place, -1, place),
      change: along(next.slope.gradient, -1, slope.gradient),
      curvature: 0,
    };
    pair.curvature = inner(pair.step, pair.change);
    if (pair.curvature > 0) pairs.push(pair);
    if (pairs.length > MEMORY) pairs.shift();
    ({ place, slope } = next);
  }
  return place;
}

const largest = (values: Float64Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** Returns the direction of the next step: the gradient through the inverse curvature that the last steps showed. */
function directionOf(gradient: Float64Array, pairs: readonly Pair[]): Float64Array {
  let direction = gradient.map((value) => -value);
  const shares: number[] = [];
  for (const { step, change, curvature } of [...pairs].reverse()) {
    const share = inner(step, direction) / curvature;
    shares.push(share);
    direction = along(direction, -share, change);
  }
  const last = pairs[pairs.length - 1];
  const scale = last
    ? last.curvature / inner(last.change, last.change)
    : 1 / Math.max(1, Math.sqrt(inner(gradient, gradient)));
  direction = direction.map((value) => value * scale);
  for (const { step, change, curvature } of pairs) {
    const share = (shares.pop() as number) - inner(change, direction) / curvature;
    direction = along(direction, share, step);
  }
  return direction;
}

/** Returns the first of the halved steps that lowers the function enough (Armijo's rule); null where none does. */
async function search(
  place: Float64Array,
  direction: Float64Array,
  { value, gradient }: Slope,
  slopeAt: (place: Float64Array) => Promise<Slope>,
): Promise<{ place: Float64Array; slope: Slope } | null> {
  const descent = inner(gradient, direction);
  for (let size = 1; size > 1e-10; size /= 2) {
    const next = along(place, size, direction);
    const slope = await slopeAt(next);
    if (slope.value <= value + 1e-4 * size * descent) return { place: next, slope };
  }
  return null;
}
