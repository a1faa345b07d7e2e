/** A student in plain data: outputs are linear in the weights, so that what lies between saved mixtures is known. */
import type { AtlasSourceLike } from "../../kernel/view/atlas/index";
import { openWeights } from "../../kernel/protocol/atlas/arithmetic";

const [SIDE, CELLS, CHANNELS] = [48, 8, 12];
export const EXPERTS = ["stem", "dino", "siglip", "masks"];
const TASKS = [
  { name: "semseg", kind: "classes", outputs: 5 },
  { name: "saliency", kind: "mask", outputs: 2 },
  { name: "normals", kind: "vectors", outputs: 3 },
  { name: "depth", kind: "values", outputs: 1 },
] as const;
/** Weights of every router of the picture, one row a level. */
export const OWN = Float32Array.of(0.1, 0.2, 0.3, 0.4, 0.3, 0.2, 0.3, 0.2);

/** Output of one expert: another pattern for each channel. */
const pattern = (expert: number, output: number, x: number, y: number): number =>
  Math.sin((expert + 1) * (x / 7 + output)) + Math.cos((output + 2) * (y / 9) - expert);

function predict(weights: readonly number[] | null, closed: readonly number[]): Record<string, Float32Array> {
  const own = weights ?? [0.2, 0.2, 0.3, 0.3];
  const open = openWeights(
    own,
    EXPERTS.map((_, e) => closed.includes(e)),
  );
  const entries = TASKS.map(({ name, outputs }): [string, Float32Array] => [
    name,
    Float32Array.from({ length: outputs * SIDE * SIDE }, (_, i) => {
      const [o, y, x] = [Math.floor(i / (SIDE * SIDE)), Math.floor(i / SIDE) % SIDE, i % SIDE];
      return open.reduce((sum, weight, e) => sum + weight * pattern(e, o, x, y), 0);
    }),
  ]);
  return Object.fromEntries(entries);
}

/** Questions that were asked, with the source that answers them. */
export function makeSource(): { source: AtlasSourceLike; asked: [readonly number[] | null, readonly number[]][] } {
  const asked: [readonly number[] | null, readonly number[]][] = [];
  const data = Uint8Array.from({ length: 3 * SIDE * SIDE }, (_, i) => (i * 5) % 256);
  const source: AtlasSourceLike = {
    image: { data, width: SIDE, height: SIDE, channels: 3 },
    experts: EXPERTS,
    levels: ["stem", "2"],
    grid: [CELLS, CELLS],
    channels: CHANNELS,
    maps: [0, 1].map((level) =>
      EXPERTS.map((_, e) =>
        Float32Array.from({ length: CELLS * CELLS * CHANNELS }, (_unused, i) =>
          pattern(e, i % CHANNELS, Math.floor(i / CHANNELS) % CELLS, level + Math.floor(i / CHANNELS / CELLS)),
        ),
      ),
    ),
    tasks: TASKS.map(({ name, kind, outputs }) => ({
      name,
      kind,
      outputs,
      weights: OWN,
      others: Float32Array.from({ length: 30 * 8 }, (_, i) => OWN[i % 8] * (0.8 + (0.4 * ((i * 7) % 11)) / 11)),
      ...(name === "semseg" && { truth: Array.from({ length: SIDE * SIDE }, (_, i) => Math.floor(i / SIDE / 10)) }),
    })),
    predict: (weights, closed) => {
      asked.push([weights, closed]);
      return Promise.resolve(predict(weights, closed));
    },
  };
  return { source, asked };
}

export const GAINS = {
  semseg: [
    [0, -12, 40, 8],
    [0, 5, 60, -30],
  ],
};
