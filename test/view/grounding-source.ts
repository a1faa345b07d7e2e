/** A grounding model in plain data: boxes follow from the words, so that every answer is known. */
import type { RawImage } from "../../kernel/data/image";
import type { Box } from "../../kernel/protocol/index";
import type { GroundingExplorerLike, GroundingReplayLike } from "../../kernel/view/grounding/index";

export const [WIDTH, HEIGHT]: readonly [number, number] = [64, 48];
const [LAYERS, GRID] = [3, [3, 4] as const];
/** Words of the longest phrase that the model reads. */
const LONGEST = 95;
const WORDS = ["the", "red", "blue", "boat", "left", "right", "nothing"];

export const picture: RawImage = {
  data: Uint8Array.from({ length: 3 * WIDTH * HEIGHT }, (_, i) => {
    const [x, c] = [Math.floor(i / 3) % WIDTH, i % 3];
    return c === 0 ? (x < WIDTH / 2 ? 200 : 60) : c === 2 ? (x < WIDTH / 2 ? 60 : 200) : 110;
  }),
  width: WIDTH,
  height: HEIGHT,
  channels: 3,
};

export const LEFT: Box = [4, 10, 28, 40];
export const RIGHT: Box = [36, 8, 60, 38];

const wordsOf = (phrase: string): string[] => phrase.split(/\s+/).filter(Boolean);

export interface Source {
  explorer: GroundingExplorerLike;
  /** Phrases that were grounded and attended to. */
  grounded: string[];
  attended: string[];
}

/** @param queries boxes of a branch */
export function makeExplorer(queries = 1): Source {
  const [grounded, attended]: [string[], string[]] = [[], []];
  const scored = (words: readonly string[], shift: number) => {
    const isRight = words.includes("right") || words.includes("blue");
    const first = (isRight ? RIGHT : LEFT).map((edge, i) => edge + (i % 2 ? 0 : shift)) as unknown as Box;
    const score = words.includes("nothing") ? 0.2 : 0.9 - shift / 40;
    return Array.from({ length: queries }, (_, query) =>
      query === 0 ? { box: first, score } : { box: isRight ? LEFT : RIGHT, score: words.includes("boat") ? 0.6 : 0.1 },
    );
  };
  const explorer: GroundingExplorerLike = {
    name: "plain data",
    branches: ["token", "decoder"],
    queries,
    layers: LAYERS,
    grid: GRID,
    unknown: (phrase) => wordsOf(phrase).filter((word) => !WORDS.includes(word)),
    ground: async (_, phrase) => {
      grounded.push(phrase);
      await new Promise((done) => setTimeout(done, 5));
      const words = wordsOf(phrase);
      if (words.length > LONGEST) throw new Error(`at most ${LONGEST} words`);
      return { words, token: scored(words, 2), decoder: scored(words, 0), milliseconds: { token: 3, decoder: 4 } };
    },
    attend: (_, phrase) => {
      attended.push(phrase);
      const words = wordsOf(phrase);
      const patches = GRID[0] * GRID[1];
      const size = words.length * patches;
      const toPatches = new Float32Array(LAYERS * size);
      const toWords = new Float32Array(LAYERS * size);
      for (let layer = 0; layer < LAYERS; layer++)
        words.forEach((_word, w) => {
          for (let patch = 0; patch < patches; patch++) {
            // Word w looks most at patch w + layer, which looks most back.
            const value = patch === (w + layer) % patches ? 0.5 : 0.01;
            toPatches[layer * size + w * patches + patch] = value;
            toWords[layer * size + patch * words.length + w] = value / 2;
          }
        });
      return Promise.resolve({ words, toPatches, toWords });
    },
  };
  return { explorer, grounded, attended };
}

export const REPLAY: GroundingReplayLike = {
  phrase: "the red boat",
  truth: LEFT,
  epochs: [0.1, 0.4, 0.8].map((weight, epoch) => ({
    weight,
    token: { box: [4 + 12 - 6 * epoch, 10, 28 + 12 - 6 * epoch, 40], score: 0.5 + weight / 4 },
    decoder: { box: [4 + 6 - 3 * epoch, 10, 28 + 6 - 3 * epoch, 40], score: 0.6 + weight / 4 },
  })),
};

export const PHRASES = [
  { phrase: "the red boat", boxes: [LEFT] },
  { phrase: "the boat right", boxes: [RIGHT] },
  { phrase: "nothing", boxes: [] as Box[] },
  { phrase: "the blue" },
];
