/** Orders in which encoders are drawn, for many trials; cells and memory are made once. */
import { shuffle } from "../../numeric/order";

/** Finest level of the refinement. Encoders with equal predictors never separate, so the refinement must end. */
const FINEST_LEVEL = 20;

/**
 * One level of the refinement: the cell of each encoder and the encoders of each cell, in the order of the encoders.
 */
interface Level {
  cellOf: number[];
  members: number[][];
}

/**
 * Draws orders by the cells of ever finer grids over `places`, each in [0, 1]^d (the AC policy of arXiv 2408.16357), or
 * at random.
 */
export class DrawOrders {
  private readonly levels: Level[];
  private readonly drawn: Uint8Array;
  private readonly cells: Int32Array;

  constructor(private readonly places: readonly (readonly number[])[]) {
    this.levels = Array.from({ length: FINEST_LEVEL }, (_, i) => levelOf(places, 2 ** (i + 1)));
    this.drawn = new Uint8Array(places.length);
    this.cells = new Int32Array(places.length);
  }

  /** Returns all encoders in random order. */
  random(random: () => number): number[] {
    const order = this.places.map((_, i) => i);
    shuffle(order, order.length, random);
    return order;
  }

  /** Draws, level by level, one random encoder from each empty cell, with cells in random order. */
  byCells(random: () => number): number[] {
    const order: number[] = [];
    for (const level of this.levels) {
      if (order.length === this.places.length) return order;
      this.drawLevel(level, order, random);
    }
    const rest = this.places.map((_, i) => i).filter((i) => !order.includes(i));
    shuffle(rest, rest.length, random);
    return [...order, ...rest];
  }

  private drawLevel({ cellOf, members }: Level, order: number[], random: () => number): void {
    this.drawn.fill(0);
    for (const i of order) this.drawn[cellOf[i]] = 1;
    let free = 0;
    for (let cell = 0; cell < members.length; cell++) if (!this.drawn[cell]) this.cells[free++] = cell;
    shuffle(this.cells, free, random);
    for (let k = 0; k < free; k++) {
      const of = members[this.cells[k]];
      order.push(of[Math.floor(random() * of.length)]);
    }
  }
}

function levelOf(places: readonly (readonly number[])[], side: number): Level {
  const numbers = new Map<string, number>();
  const members: number[][] = [];
  const cellOf = places.map((place, i) => {
    const key = place.map((x) => Math.min(side - 1, Math.floor(x * side))).join();
    const cell = numbers.get(key) ?? numbers.size;
    numbers.set(key, cell);
    (members[cell] ??= []).push(i);
    return cell;
  });
  return { cellOf, members };
}
