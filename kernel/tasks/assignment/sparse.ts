import { MinHeap, type Numbers, zerosOf } from "./heap";

/** A sparse assignment problem: edges of left node i are `starts[i]` to `starts[i + 1] - 1`. */
export interface SparseAssignment {
  /** [lefts + 1]. */
  readonly starts: Int32Array;
  /** Right node of each edge. */
  readonly ends: Int32Array;
  /** Cost of each edge, numbers of at least 0. */
  readonly costs: Numbers;
  /** Number of right nodes. */
  readonly rights: number;
  /** Cost of a left node without partner; above every edge. */
  readonly outlier: number;
}

/**
 * Solves a sparse assignment exactly: the least sum of edges and outliers, by shortest augmenting paths with potentials
 * (Jonker and Volgenant, Computing 38, 1987). A right node without partner costs nothing.
 *
 * @returns the right node of each left node, -1 for an outlier, and the cost of the chosen edges
 */
export function assign(problem: SparseAssignment): { partners: Int32Array; cost: number } {
  const solver = new Solver(problem);
  const lefts = problem.starts.length - 1;
  const open: number[] = [];
  for (let left = 0; left < lefts; left++) if (!solver.takeNearest(left)) open.push(left);
  for (const left of open) solver.augment(left);
  const partners = solver.partnerOfLeft;
  return { partners, cost: costOf(problem, partners) };
}

function costOf({ starts, ends, costs }: SparseAssignment, partners: Int32Array): number {
  let cost = 0;
  partners.forEach((partner, left) => {
    for (let e = starts[left]; e < starts[left + 1]; e++) if (ends[e] === partner) cost += costs[e];
  });
  return cost;
}

class Solver {
  readonly partnerOfLeft: Int32Array;
  private readonly partnerOfRight: Int32Array;
  private readonly leftPrice: Numbers;
  private readonly rightPrice: Numbers;
  /** Length of the shortest path to a right node in the present search, and the left node before it. */
  private readonly distance: Numbers;
  private readonly before: Int32Array;
  private readonly heap: MinHeap;
  private touched: number[] = [];
  private settled: number[] = [];
  /** Cheapest end of a path at an outlier: its length and its left node. */
  private end = { length: 0, left: 0 };

  /** Length of a missing path. */
  private readonly far: number;

  constructor(private readonly problem: SparseAssignment) {
    const lefts = problem.starts.length - 1;
    this.partnerOfLeft = new Int32Array(lefts).fill(-1);
    this.partnerOfRight = new Int32Array(problem.rights).fill(-1);
    this.far = problem.costs instanceof Int32Array ? 0x7fffffff : Infinity;
    this.heap = new MinHeap(problem.costs);
    this.leftPrice = zerosOf(problem.costs, lefts);
    this.rightPrice = zerosOf(problem.costs, problem.rights);
    this.distance = zerosOf(problem.costs, problem.rights).fill(this.far);
    this.before = new Int32Array(problem.rights);
  }

  /** Joins a left node to one of its nearest right nodes, where one is free, and sets its price. */
  takeNearest(left: number): boolean {
    const { starts, ends, costs, outlier } = this.problem;
    let least = outlier;
    let free = -1;
    for (let e = starts[left]; e < starts[left + 1]; e++) {
      const cost = costs[e];
      if (cost > least) continue;
      if (cost < least) free = -1;
      least = cost;
      if (free < 0 && (this.partnerOfRight[ends[e]] as number) < 0) free = ends[e];
    }
    this.leftPrice[left] = least;
    if (free >= 0) this.join(left, free);
    return free >= 0;
  }

  /** Finds the cheapest way to serve one more left node, which may leave another one as an outlier. */
  augment(root: number): void {
    this.heap.clear();
    this.end = { length: this.far, left: root };
    this.scan(root, 0);
    const free = this.search();
    const length = free < 0 ? this.end.length : this.distance[free];
    this.reprice(root, length);
    this.forget();
    if (free >= 0) this.flip(root, free);
    else this.release(root, this.end.left);
  }

  /** Returns the nearest free right node, or -1 where an outlier is cheaper. */
  private search(): number {
    const { heap, distance, partnerOfRight } = this;
    while (heap.size > 0 && heap.least <= this.end.length) {
      const length = heap.least;
      const right = heap.pop();
      // Entries of longer paths to the same node.
      if (length > distance[right]) continue;
      const next = partnerOfRight[right];
      if (next < 0) return right;
      this.settled.push(right);
      this.scan(next, length);
    }
    return -1;
  }

  /** Extends paths by the edges of a left node. */
  private scan(left: number, length: number): void {
    const { starts, ends, costs, outlier } = this.problem;
    const price = this.leftPrice[left];
    if (length - price + outlier < this.end.length) this.end = { length: length - price + outlier, left };
    for (let e = starts[left]; e < starts[left + 1]; e++) {
      const right = ends[e];
      // Rounding must not lead back to a node that is settled.
      const reached = length + Math.max(0, costs[e] - price - this.rightPrice[right]);
      if (reached < this.distance[right] && reached <= this.end.length) this.reach(right, left, reached);
    }
  }

  private reach(right: number, left: number, length: number): void {
    if (this.distance[right] === this.far) this.touched.push(right);
    this.distance[right] = length;
    this.before[right] = left;
    this.heap.push(length, right);
  }

  private reprice(root: number, length: number): void {
    this.leftPrice[root] = this.leftPrice[root] + length;
    for (const right of this.settled) {
      const gain = length - this.distance[right];
      const left = this.partnerOfRight[right];
      this.leftPrice[left] = this.leftPrice[left] + gain;
      this.rightPrice[right] = this.rightPrice[right] - gain;
    }
  }

  private forget(): void {
    for (const right of this.touched) this.distance[right] = this.far;
    this.touched = [];
    this.settled = [];
  }

  /** Moves partners along the path from a root to a right node. */
  private flip(root: number, end: number): void {
    for (let right = end; ;) {
      const left = this.before[right];
      const given = this.partnerOfLeft[left];
      this.join(left, right);
      if (left === root) return;
      right = given;
    }
  }

  /** Makes a left node an outlier, so that the root gets a partner; the root itself may be the outlier. */
  private release(root: number, outlier: number): void {
    const freed = this.partnerOfLeft[outlier];
    this.partnerOfLeft[outlier] = -1;
    if (outlier !== root) this.flip(root, freed);
  }

  private join(left: number, right: number): void {
    this.partnerOfLeft[left] = right;
    this.partnerOfRight[right] = left;
  }
}
