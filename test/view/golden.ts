import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Values of numpy and matplotlib; see `golden/make.py`. */
export interface Golden {
  pca: { rows: number[][]; components: number[][]; variance: number[]; ratio: number[] };
  eigen: { matrix: number[]; values: number[] };
  halves: { values: number[]; bits: number[] };
  colors: Record<"viridis" | "cividis" | "magma", [number, number, number][]>;
}

const path = join(import.meta.dirname, "golden", "golden.json");

export const golden: Golden = JSON.parse(readFileSync(path, "utf8")) as Golden;
