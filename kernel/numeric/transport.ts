/** Optimal transport between two sets of equally weighted points. */

/** Costs between two sets: `costs[i * columns + j]` of row i to column j. */
export interface CostMatrix {
  costs: Float64Array;
  rows: number;
  columns: number;
}

/** Euclidean distances of the rows of two matrices of one width, in double precision. @param x `[N, width]` @param y `[M, width]` */
export function distances(x: Float32Array, y: Float32Array, width: number): CostMatrix {
  const [rows, columns] = [x.length / width, y.length / width];
  const costs = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (let c = 0, a = i * width, b = j * width; c < width; c++, a++, b++) sum += (x[a] - y[b]) ** 2;
      costs[i * columns + j] = Math.sqrt(sum);
    }
  return { costs, rows, columns };
}

/**
 * Returns the least mean cost of moving the rows' mass, spread evenly, to the columns': Wasserstein-1 where costs are distances. Exact,
 * by shortest augmenting paths with potentials (Jonker and Volgenant, Computing 38, 1987) on whole units of mass, so that sets of
 * different size are allowed; time grows with the cube of the size.
 */
export function transportCost(matrix: CostMatrix): number {
  return new Transport(matrix).cost();
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

class Transport {
  private readonly rowPrice: Float64Array;
  private readonly columnPrice: Float64Array;
  private readonly room: Int32Array;
  /** Units by row that each column receives. */
  private readonly flows: Map<number, number>[];
  private readonly units: number;
  /** Shortest path of the present search: lengths, and the row before each column. */
  private readonly length: Float64Array;
  private readonly before: Int32Array;
  private readonly isSettled: Uint8Array;
  private readonly rowLength: Float64Array;
  private readonly columnBefore: Int32Array;

  constructor(private readonly matrix: CostMatrix) {
    const { rows, columns } = matrix;
    const shared = gcd(rows, columns);
    this.units = columns / shared;
    this.rowPrice = new Float64Array(rows);
    this.columnPrice = new Float64Array(columns);
    this.room = new Int32Array(columns).fill(rows / shared);
    this.flows = Array.from({ length: columns }, () => new Map<number, number>());
    this.length = new Float64Array(columns);
    this.before = new Int32Array(columns);
    this.isSettled = new Uint8Array(columns);
    this.rowLength = new Float64Array(rows);
    this.columnBefore = new Int32Array(rows);
  }

  cost(): number {
    const { rows, columns, costs } = this.matrix;
    for (let row = 0; row < rows; row++) for (let left = this.units; left > 0;) left -= this.augment(row, left);
    let total = 0;
    this.flows.forEach((own, column) => own.forEach((units, row) => (total += units * costs[row * columns + column])));
    return total / (this.units * rows);
  }

  /** Sends units of a row along the shortest path to a column with room; returns their number. */
  private augment(row: number, most: number): number {
    const end = this.search(row);
    const path = this.pathTo(end);
    const units = path.reduce(
      (least, { leaves, column }) => {
        return leaves < 0 ? least : Math.min(least, this.flows[column].get(leaves) as number);
      },
      Math.min(most, this.room[end]),
    );
    this.room[end] -= units;
    for (const { enters, leaves, column } of path) {
      const own = this.flows[column];
      own.set(enters, (own.get(enters) ?? 0) + units);
      if (leaves < 0) continue;
      const rest = (own.get(leaves) as number) - units;
      if (rest > 0) own.set(leaves, rest);
      else own.delete(leaves);
    }
    return units;
  }

  /** Columns of a path, from its end: the row that enters each, and the row that leaves it for the next, -1 at the end. */
  private pathTo(end: number): { column: number; enters: number; leaves: number }[] {
    const path = [];
    for (let column = end, leaves = -1; column >= 0;) {
      const enters = this.before[column];
      path.push({ column, enters, leaves });
      leaves = enters;
      column = this.columnBefore[enters];
    }
    return path;
  }

  /** Finds the nearest column with room by Dijkstra's search on reduced costs, then moves the prices. */
  private search(start: number): number {
    const { rows } = this.matrix;
    this.length.fill(Infinity);
    this.isSettled.fill(0);
    const inTree = new Uint8Array(rows);
    const tree = [start];
    inTree[start] = 1;
    this.rowLength[start] = 0;
    this.columnBefore[start] = -1;
    for (let at = 0; ;) {
      for (; at < tree.length; at++) this.relax(tree[at]);
      const column = this.nearest();
      this.isSettled[column] = 1;
      if (this.room[column] > 0) {
        this.movePrices(tree, this.length[column]);
        return column;
      }
      for (const row of this.flows[column].keys()) {
        if (inTree[row]) continue;
        inTree[row] = 1;
        this.rowLength[row] = this.length[column];
        this.columnBefore[row] = column;
        tree.push(row);
      }
    }
  }

  private relax(row: number): void {
    const { costs, columns } = this.matrix;
    const base = this.rowLength[row] - this.rowPrice[row];
    for (let column = 0, at = row * columns; column < columns; column++, at++) {
      if (this.isSettled[column]) continue;
      const length = base + costs[at] - this.columnPrice[column];
      if (length >= this.length[column]) continue;
      this.length[column] = length;
      this.before[column] = row;
    }
  }

  private nearest(): number {
    let best = -1;
    for (let column = 0; column < this.length.length; column++)
      if (!this.isSettled[column] && (best < 0 || this.length[column] < this.length[best])) best = column;
    return best;
  }

  private movePrices(tree: readonly number[], end: number): void {
    for (const row of tree) this.rowPrice[row] += end - this.rowLength[row];
    this.isSettled.forEach((isSettled, column) => {
      if (isSettled) this.columnPrice[column] -= end - this.length[column];
    });
  }
}

/** Returns Wasserstein-1 of two sets of numbers: the area between their quantile functions. @param a `[N]` @param b `[M]` */
export function wassersteinOfNumbers(a: Float64Array, b: Float64Array): number {
  const [left, right] = [a.slice().sort(), b.slice().sort()];
  const [n, m] = [left.length, right.length];
  let [total, share] = [0, 0];
  for (let i = 0, j = 0; i < n && j < m;) {
    // Products of whole numbers, so that equal shares meet exactly.
    const [endLeft, endRight] = [(i + 1) * m, (j + 1) * n];
    const end = Math.min(endLeft, endRight);
    total += (end - share) * Math.abs(left[i] - right[j]);
    share = end;
    if (endLeft === end) i++;
    if (endRight === end) j++;
  }
  return total / (n * m);
}
