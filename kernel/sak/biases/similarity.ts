import { Described, DISPLAY, type DisplayBundle, tabulate } from "../../display/describe";
import type { FeatureLevel } from "../../features/levels";
import { Prng } from "../../numeric/prng";
import { linearCka, mutualKnn } from "../../similarity/kernels";
import { type SeedMean, seedMean } from "../../tasks/seeds";
import type { BiasBatch, BiasRun } from "./pictures";
import { plusMinus } from "./words";

/** Level of a teacher. */
export interface TeacherLevel {
  teacher: string;
  level: FeatureLevel;
}

/** Similarity of two levels, over seeds that draw tokens. */
export interface LevelSimilarity {
  a: TeacherLevel;
  b: TeacherLevel;
  /** Linear centred kernel alignment, 0 to 1 (`similarity.linearCka`). */
  cka: SeedMean;
  /** Share of common nearest neighbours, 0 to 1 (`similarity.mutualKnn`). */
  neighbors: SeedMean;
}

/** Similarities of all pairs of levels (arXiv 1905.00414, arXiv 2405.07987); shown is the most similar pair of levels of each pair of teachers. */
export class Similarities extends Described {
  /** @param pairs every pair of levels, of one teacher too */
  constructor(readonly pairs: readonly LevelSimilarity[]) {
    super();
  }

  [DISPLAY](): DisplayBundle {
    const best = new Map<string, LevelSimilarity>();
    for (const pair of this.pairs) {
      const key = JSON.stringify([pair.a.teacher, pair.b.teacher]);
      const known = best.get(key);
      if (pair.a.teacher !== pair.b.teacher && !(known && known.cka.mean >= pair.cka.mean)) best.set(key, pair);
    }
    const rows = [...best.values()].map(({ a, b, cka, neighbors }) => [
      `${a.teacher} ${a.level}, ${b.teacher} ${b.level}`,
      plusMinus(cka, 2),
      plusMinus(neighbors, 2),
    ]);
    return tabulate("Most similar levels of two teachers", ["levels", "CKA", "common neighbors"], rows);
  }
}

/** Collects tokens that seeds draw, and compares levels by them. */
export class TokenSample {
  /** Drawn tokens of the split by seed, in order. */
  private readonly places: number[][];
  /** Rows of each seed, source and level. */
  private readonly rows: Float32Array[][][];
  private readonly filled: number[];

  /** @param pictures number of pictures of the split @param count tokens a seed */
  constructor(
    private readonly run: BiasRun,
    pictures: number,
    count: number,
  ) {
    const tokens = pictures * run.grid[0] * run.grid[1];
    this.places = run.seeds.map((seed) => draw(seed, tokens, Math.min(count, tokens)));
    this.rows = this.places.map(({ length }) =>
      run.sources.map(({ channels }) => channels.map((width) => new Float32Array(length * width))),
    );
    this.filled = run.seeds.map(() => 0);
  }

  /** Number of tokens that each seed draws. */
  get size(): number {
    return this.places[0].length;
  }

  /** Takes the drawn tokens of a batch. */
  add({ tokens, labels, from }: BiasBatch): void {
    const each = this.run.grid[0] * this.run.grid[1];
    const [first, end] = [from * each, (from + labels.length) * each];
    this.places.forEach((places, s) => {
      for (; this.filled[s] < places.length && places[this.filled[s]] < end; this.filled[s]++)
        this.copy(s, places[this.filled[s]] - first, tokens);
    });
  }

  private copy(seed: number, at: number, tokens: readonly (readonly Float32Array[])[]): void {
    this.run.sources.forEach(({ channels }, t) =>
      channels.forEach((width, level) => {
        const row = tokens[t][level].subarray(at * width, (at + 1) * width);
        this.rows[seed][t][level].set(row, this.filled[seed] * width);
      }),
    );
  }

  /** Compares all pairs of levels. @param k number of neighbours */
  compare(k: number): Similarities {
    const all = this.run.sources.flatMap(({ name, levels, channels }, t) =>
      levels.map((level, l) => ({ teacher: name, level, width: channels[l], t, l })),
    );
    const pairs = all.flatMap((a, i) =>
      all.slice(i + 1).map((b): LevelSimilarity => {
        const sides = this.rows.map((rows) => [
          { data: rows[a.t][a.l], width: a.width },
          { data: rows[b.t][b.l], width: b.width },
        ]);
        return {
          a: { teacher: a.teacher, level: a.level },
          b: { teacher: b.teacher, level: b.level },
          cka: seedMean(sides.map(([x, y]) => linearCka(x, y).score)),
          neighbors: seedMean(sides.map(([x, y]) => mutualKnn(x, y, { k }).score)),
        };
      }),
    );
    return new Similarities(pairs);
  }
}

/** Draws places without replacement, in ascending order. */
function draw(seed: number, total: number, count: number): number[] {
  const random = new Prng(seed, "sak.biases tokens");
  const found = new Set<number>();
  while (found.size < count) found.add(random.int(total));
  return [...found].sort((a, b) => a - b);
}
