/** A refinement in plain data: tokens come nearer to the words from stage to stage. */
import { Prng } from "../../kernel/numeric/prng";
import type { RefinementSnapshotLike, RefinementSourceLike } from "../../kernel/view/refinement/index";

const [SIDE, ROWS, COLUMNS, WIDTH] = [48, 4, 6, 12];
export const STAGES = ["start", "coarse alignment", "fine alignment", "world knowledge"];
export const WORDS = ["red", "green", "blue", "fish", "mug", "<b>cup</b>", "boat", "left"];
const LAYERS = ["block 1", "block 2", "connector", "words"];

function normals(name: string, count: number): Float32Array {
  const random = new Prng(7, name);
  return Float32Array.from({ length: count }, () => random.normal());
}

/** Snapshots with token i of any picture on its word i % 8, but for a way that is shorter after each stage. */
export function makeRefinement(pictures = 5, stages = STAGES.length): RefinementSourceLike {
  const cells = ROWS * COLUMNS;
  const words = normals("words", WORDS.length * WIDTH);
  const off = normals("tokens", pictures * cells * WIDTH);
  const snapshots = Array.from({ length: stages }, (_, s): RefinementSnapshotLike => {
    const far = 4 / (1 + s);
    const tokens = off.map((value, i) => {
      const [token, channel] = [Math.floor(i / WIDTH), i % WIDTH];
      return words[(token % WORDS.length) * WIDTH + channel] + far * (value / 4 + Number(channel === 0));
    });
    return {
      name: STAGES[s] ?? `stage ${s}`,
      width: WIDTH,
      tokens,
      words,
      measures: {
        nearest: { value: far, half: 0.3 },
        meanDistance: { value: 2 * far, half: 0.1 },
        wasserstein: { value: 1.5 * far, half: null },
        cka: { value: 1 / (1 + 0.1 * s), half: 0.05 },
      },
      layers: LAYERS.map((name, l) => ({
        name,
        distribution: { quantiles: [-3, -2, -1, 0, 1, 2, 3].map((value) => value * (1 + l) * (1 + s / 4)) },
      })),
    };
  });
  const images = Array.from({ length: pictures }, (_, p) => ({
    data: Uint8Array.from({ length: 3 * SIDE * SIDE }, (_unused, i) => (i * (5 + p)) % 256),
    width: SIDE,
    height: SIDE,
    channels: 3 as const,
  }));
  return { images, grid: [ROWS, COLUMNS], words: WORDS, snapshots };
}
