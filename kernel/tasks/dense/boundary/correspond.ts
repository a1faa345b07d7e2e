import { assign, type SparseAssignment } from "./assign";

/** Two binary maps and the pixels of each that have a partner in the other. */
export interface Correspondence {
  /** [height, width], 1 for a pixel of the first map with a partner. */
  readonly first: Uint8Array;
  /** [height, width], 1 for a pixel of the second map with a partner. */
  readonly second: Uint8Array;
  /** Number of pairs. */
  readonly pairs: number;
}

/** Parts of a pixel in the whole-number costs, as in the BSDS benchmark. */
const UNITS = 100;
/** Cost of a pixel without partner, in largest distances, as in the BSDS benchmark. */
const OUTLIER = 100;

/** Steps within a radius and their costs. */
interface Disk {
  readonly dx: Int32Array;
  readonly dy: Int32Array;
  readonly costs: Int32Array;
}

function diskOf(radius: number): Disk {
  const reach = Math.ceil(radius);
  const steps = Array.from({ length: 2 * reach + 1 }, (_, i) => i - reach);
  const inside = steps.flatMap((dx) => steps.map((dy) => [dx, dy, Math.hypot(dx, dy)] as const));
  const kept = inside.filter(([dx, dy]) => dx * dx + dy * dy <= radius * radius);
  return {
    dx: Int32Array.from(kept, ([dx]) => dx),
    dy: Int32Array.from(kept, ([, dy]) => dy),
    costs: Int32Array.from(kept, ([, , distance]) => Math.round(UNITS * distance)),
  };
}

/**
 * Pairs the pixels of two binary maps one to one, at most `radius` pixels apart, by an exact assignment of least cost (Martin, Fowlkes
 * and Malik, PAMI 26(5), 2004): the distances of the pairs plus a hundred radii for each pixel without partner.
 *
 * @param first [height, width], nonzero for a boundary
 * @param second [height, width]
 * @param radius largest distance in pixels
 */
export function correspond(
  first: Uint8Array,
  second: Uint8Array,
  width: number,
  height: number,
  radius: number,
): Correspondence {
  const [ones, others] = [pixelsOf(first), pixelsOf(second)];
  const isSwapped = others.length < ones.length;
  // The smaller side searches, so that few searches end without a partner.
  const lefts = isSwapped ? others : ones;
  const { problem, places } = problemOf(lefts, isSwapped ? first : second, width, height, radius);
  const partners = assign(problem);
  const [left, right] = [new Uint8Array(width * height), new Uint8Array(width * height)];
  let pairs = 0;
  partners.forEach((partner, i) => {
    if (partner < 0) return;
    left[lefts[i] as number] = right[places[partner] as number] = 1;
    pairs++;
  });
  return { first: isSwapped ? right : left, second: isSwapped ? left : right, pairs };
}

function pixelsOf(map: Uint8Array): Int32Array {
  const found: number[] = [];
  map.forEach((set, at) => set && found.push(at));
  return Int32Array.from(found);
}

interface PlacedProblem {
  readonly problem: SparseAssignment;
  /** Pixel of each right node. */
  readonly places: readonly number[];
}

/** Returns the pairs within the radius; right nodes are numbered as they are met. */
function problemOf(lefts: Int32Array, map: Uint8Array, width: number, height: number, radius: number): PlacedProblem {
  const disk = diskOf(radius);
  const numbers = new Int32Array(map.length).fill(-1);
  const starts = new Int32Array(lefts.length + 1);
  const places: number[] = [];
  const ends: number[] = [];
  const costs: number[] = [];
  const numberOf = (at: number): number => {
    if ((numbers[at] as number) < 0) numbers[at] = places.push(at) - 1;
    return numbers[at] as number;
  };
  lefts.forEach((at, left) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    for (let i = 0; i < disk.dx.length; i++) {
      const [toX, toY] = [x + (disk.dx[i] as number), y + (disk.dy[i] as number)];
      if (toX < 0 || toX >= width || toY < 0 || toY >= height || !map[toY * width + toX]) continue;
      ends.push(numberOf(toY * width + toX));
      costs.push(disk.costs[i] as number);
    }
    starts[left + 1] = ends.length;
  });
  const outlier = Math.ceil(OUTLIER * radius * UNITS);
  const problem = { starts, ends: Int32Array.from(ends), costs: Int32Array.from(costs), rights: places.length, outlier };
  return { problem, places };
}
