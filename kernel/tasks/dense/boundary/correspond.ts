import { checkArguments } from "../../../rules/arguments";
import { TaskError } from "../../error";
import { assign, type SparseAssignment } from "../../assignment/sparse";

/** Two binary maps and the pixels of each that have a partner in the other. */
export interface Correspondence {
  /** [height, width] of the first map, 1 for a pixel with a partner. */
  readonly first: Uint8Array;
  /** [height, width] of the second map, 1 for a pixel with a partner. */
  readonly second: Uint8Array;
  /** Number of pairs. */
  readonly pairs: number;
  /** Sum of the pairs' distances in pixels, each to a hundredth. */
  readonly distance: number;
}

/** Parts of a pixel in the whole-number costs, as in the BSDS benchmark. */
const UNITS = 100;
/** Cost of a pixel without partner, in largest distances, as in the BSDS benchmark. */
const OUTLIER = 100;
/** Largest radius in pixels; costs of longer paths would not fit their whole numbers. */
const LARGEST = 10_000;

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
 * Pairs the pixels of two binary maps one to one, at most `radius` pixels apart, by an exact assignment of least cost (Martin
 * et al., PAMI 26(5), 2004): the distances of the pairs plus a hundred radii for each pixel without partner.
 *
 * @param first [height, width], nonzero for a boundary
 * @param second [height, width]
 * @param radius largest distance in pixels, above 0 and at most 10,000
 * @throws TaskError for maps of other sizes or another radius
 */
export function correspond(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  width: number,
  height: number,
  radius: number,
): Correspondence {
  checkArguments("tasks.dense.correspond", TaskError, { first, second }, { first: "list", second: "list" });
  check(first, second, width, height, radius);
  const [ones, others] = [pixelsOf(first), pixelsOf(second)];
  // The smaller side searches, so that few searches end without a partner.
  if (others.length >= ones.length) return pairUp(ones, second, width, height, radius);
  const turned = pairUp(others, first, width, height, radius);
  return { ...turned, first: turned.second, second: turned.first };
}

function check(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  width: number,
  height: number,
  radius: number,
): void {
  const sizes = [width * height, first.length, second.length];
  if (!(sizes[0] > 0) || sizes[0] !== sizes[1] || sizes[0] !== sizes[2])
    throw new TaskError("tasks.dense.correspond", "both maps must hold width x height values", sizes);
  if (!(radius > 0 && radius <= LARGEST))
    throw new TaskError("tasks.dense.correspond", `radius must lie in (0, ${LARGEST}]`, radius);
}

function pairUp(
  lefts: Int32Array,
  map: ArrayLike<number>,
  width: number,
  height: number,
  radius: number,
): Correspondence {
  const { problem, places } = problemOf(lefts, map, width, height, radius);
  const { partners, cost } = assign(problem);
  const first = new Uint8Array(width * height);
  const second = new Uint8Array(width * height);
  partners.forEach((partner, i) => {
    if (partner >= 0) first[lefts[i]] = second[places[partner]] = 1;
  });
  const pairs = partners.reduce((count, partner) => count + (partner < 0 ? 0 : 1), 0);
  return { first, second, pairs, distance: cost / UNITS };
}

function pixelsOf(map: ArrayLike<number>): Int32Array {
  const found: number[] = [];
  for (let at = 0; at < map.length; at++) if (map[at]) found.push(at);
  return Int32Array.from(found);
}

interface PlacedProblem {
  readonly problem: SparseAssignment;
  /** Pixel of each right node. */
  readonly places: readonly number[];
}

/** Returns the pairs within the radius; right nodes are numbered as they are met. */
function problemOf(
  lefts: Int32Array,
  map: ArrayLike<number>,
  width: number,
  height: number,
  radius: number,
): PlacedProblem {
  const numbers = new Int32Array(map.length).fill(-1);
  const starts = new Int32Array(lefts.length + 1);
  const places: number[] = [];
  const ends: number[] = [];
  const costs: number[] = [];
  const visit = visitor(map, width, height, diskOf(radius));
  lefts.forEach((at, left) => {
    visit(at, (there, cost) => {
      if (numbers[there] < 0) numbers[there] = places.push(there) - 1;
      ends.push(numbers[there]);
      costs.push(cost);
    });
    starts[left + 1] = ends.length;
  });
  const outlier = Math.ceil(OUTLIER * radius * UNITS);
  const problem = {
    starts,
    ends: Int32Array.from(ends),
    costs: Int32Array.from(costs),
    rights: places.length,
    outlier,
  };
  return { problem, places };
}

type Visit = (at: number, meet: (there: number, cost: number) => void) => void;

/** Returns a function that goes through the set pixels of a map around a place. */
function visitor(map: ArrayLike<number>, width: number, height: number, { dx, dy, costs }: Disk): Visit {
  return (at, meet) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    for (let i = 0; i < dx.length; i++) {
      const [toX, toY] = [x + dx[i], y + dy[i]];
      if (toX < 0 || toX >= width || toY < 0 || toY >= height) continue;
      if (map[toY * width + toX]) meet(toY * width + toX, costs[i]);
    }
  };
}
