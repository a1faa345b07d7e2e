import { most } from "../../numeric";

/** Position of the mean over all layers among the layers. */
export const ALL_LAYERS = -1;

/** Attention between words and patches, by layer or over all of them. */
export class WordAttention {
  /** @param toPatches [layers, words, patches] @param toWords [layers, patches, words]; one layer is the mean over all */
  constructor(
    private readonly words: number,
    private readonly patches: number,
    private readonly toPatches: Float32Array,
    private readonly toWords: Float32Array,
  ) {}

  /** Number of layers; 1 where only the mean over them is known. */
  get layers(): number {
    return this.toPatches.length / (this.words * this.patches);
  }

  /** Attention of a word to every patch. */
  word(word: number, layer: number): Float32Array {
    return this.row(this.toPatches, word, this.patches, this.words, layer);
  }

  /** Attention of a patch to every word. */
  patch(patch: number, layer: number): Float32Array {
    return this.row(this.toWords, patch, this.words, this.patches, layer);
  }

  /** Largest attention of any word to a patch, and of any patch to a word: the upper ends of the scales. */
  ends(layer: number): { toPatches: number; toWords: number } {
    const known = this.largest.get(layer);
    if (known) return known;
    const rows = Array.from({ length: this.words }, (_, word) => most(this.word(word, layer)));
    const columns = Array.from({ length: this.patches }, (_, patch) => most(this.patch(patch, layer)));
    const ends = { toPatches: most(rows), toWords: most(columns) };
    this.largest.set(layer, ends);
    return ends;
  }

  private readonly largest = new Map<number, { toPatches: number; toWords: number }>();

  private row(values: Float32Array, at: number, length: number, rows: number, layer: number): Float32Array {
    const of = (l: number): Float32Array => values.subarray((l * rows + at) * length, (l * rows + at + 1) * length);
    if (this.layers === 1) return of(0);
    if (layer !== ALL_LAYERS) return of(layer);
    const mean = new Float32Array(length);
    for (let l = 0; l < this.layers; l++) of(l).forEach((value, i) => (mean[i] += value / this.layers));
    return mean;
  }
}
