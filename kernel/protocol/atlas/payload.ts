import { decodeFloat16 } from "../../numeric";
import { base64Decode } from "../core/base64";
import {
  base64,
  checkBelow,
  count,
  index,
  list,
  number,
  object,
  oneOf,
  optional,
  pair,
  ProtocolError,
  text,
} from "../core/check";
import type { Grid } from "../core/geometry";
import { MAX_SAVED_BYTES, savedImage, type SavedImage } from "../core/saved";
import { ATLAS_KINDS, atlasNodes, type AtlasKind, blendNodes, decodeTask, shownChannels } from "./arithmetic";

/** Mime type of the payload that an atlas stores in the notebook. Version 1. */
export const ATLAS_MIME = "application/vnd.fovea.atlas.v1+json";

/** One dense task. */
export interface SavedAtlasTask {
  name: string;
  kind: AtlasKind;
  /** Channels of the head. */
  outputs: number;
  /** Values that the colors span, of masks and depths. */
  range: [number, number];
  /** Weights of the picture's router, [levels, experts]. */
  own: number[];
  /** Mean weights over the levels for other pictures, [pictures, experts]. */
  others: number[];
  /** Base64 of half floats: shown values of the router's own prediction, [cells, channels]. */
  prediction: string;
  /** Base64 of half floats: the head's output at each saved mixture, [mixtures, outputs, cells]. */
  mixtures: string;
  /** Base64 of half floats: the labels as shown values; missing without labels. */
  truth?: string;
  /** Gains of a probe over a reference in percent, [levels, experts]; missing where they were not measured. */
  gains?: number[];
}

/** A picture with the features of a student and its predictions. */
export interface AtlasPayload {
  version: 1;
  /** Names the live view in the kernel that made it. */
  view: string;
  title: string;
  image: SavedImage;
  /** The stem, then the teachers. */
  experts: string[];
  levels: string[];
  grid: Grid;
  /** Base64 of colors of principal components, [levels, experts, rows, columns, 3]. */
  maps: string;
  /** Rows and columns of the saved predictions. */
  size: Grid;
  /** Rows and columns of the kernel's predictions. */
  fullSize: Grid;
  tasks: SavedAtlasTask[];
  /** Position of the task shown first. */
  current: number;
}

/** Bounds of a payload. */
export const MAX_EXPERTS = 9;
const [MAX_LEVELS, MAX_TASKS, MAX_OTHERS] = [8, 12, 400];

const name = text(80);
const real = number({ min: -1e9, max: 1e9 });
const side = number({ min: 1, max: 4096, integer: true });
const bytes = base64(4 * MAX_SAVED_BYTES);
const weights = (most: number): ReturnType<typeof list<number>> => list(number({ min: 0, max: 1.001 }), 0, most);

const payload = object<AtlasPayload>({
  version: oneOf<1>([1]),
  view: text(100),
  title: text(300),
  image: savedImage,
  experts: list(name, 2, MAX_EXPERTS),
  levels: list(name, 1, MAX_LEVELS),
  grid: pair(side),
  maps: bytes,
  size: pair(side),
  fullSize: pair(side),
  tasks: list(
    object<SavedAtlasTask>({
      name,
      kind: oneOf(ATLAS_KINDS),
      outputs: count,
      range: pair(real),
      own: weights(MAX_LEVELS * MAX_EXPERTS),
      others: weights(MAX_OTHERS * MAX_EXPERTS),
      prediction: bytes,
      mixtures: bytes,
      truth: optional(bytes),
      gains: optional(list(real, 0, MAX_LEVELS * MAX_EXPERTS)),
    }),
    1,
    MAX_TASKS,
  ),
  current: index,
});

/** Fewest and most channels of a head, by what they are. */
const OUTPUTS: Readonly<Record<AtlasKind, readonly [number, number]>> = {
  classes: [1, 4096],
  mask: [1, 2],
  vectors: [3, 3],
  values: [1, 1],
};

/** @throws ProtocolError naming the first path that breaks the format. */
export function readAtlas(value: unknown, where = "atlas view"): AtlasPayload {
  const read = payload(value, "", where);
  const { experts, levels, grid, size, tasks } = read;
  const places = levels.length * experts.length;
  sized(read.maps, places * grid[0] * grid[1] * 3, "maps", where);
  checkBelow(where, "current", read.current, tasks.length);
  const cells = size[0] * size[1];
  tasks.forEach((task, i) => {
    const path = `tasks[${i}]`;
    const [least, most] = OUTPUTS[task.kind];
    if (task.outputs < least || task.outputs > most)
      throw new ProtocolError(where, `${path}.outputs`, `${least}..${most} for ${task.kind}`, task.outputs);
    const shown = 2 * cells * shownChannels(task.kind);
    long(task.own, places, `${path}.own`, where);
    if (task.others.length % experts.length)
      throw new ProtocolError(where, `${path}.others`, `rows of ${experts.length} weights`, task.others.length);
    sized(task.prediction, shown, `${path}.prediction`, where);
    sized(task.mixtures, 2 * cells * task.outputs * atlasNodes(experts.length).length, `${path}.mixtures`, where);
    if (task.truth !== undefined) sized(task.truth, shown, `${path}.truth`, where);
    if (task.gains) long(task.gains, places, `${path}.gains`, where);
  });
  return read;
}

function long(values: readonly unknown[], length: number, path: string, where: string): void {
  if (values.length !== length) throw new ProtocolError(where, path, `an array of ${length} items`, values.length);
}

function sized(data: string, length: number, path: string, where: string): void {
  const padding = data.endsWith("==") ? 2 : data.endsWith("=") ? 1 : 0;
  if ((data.length / 4) * 3 - padding !== length)
    throw new ProtocolError(where, path, `base64 of ${length} bytes`, data);
}

/** Values of a payload, decoded once. */
export class AtlasValues {
  /** Colors, [levels, experts, rows, columns, 3]. */
  readonly maps: Uint8Array;
  private readonly tasks: { prediction: Float32Array; mixtures: Float32Array; truth: Float32Array | null }[];

  constructor(private readonly payload: AtlasPayload) {
    const halves = (data: string): Float32Array => decodeFloat16(base64Decode(data));
    this.maps = base64Decode(payload.maps);
    this.tasks = payload.tasks.map(({ prediction, mixtures, truth }) => ({
      prediction: halves(prediction),
      mixtures: halves(mixtures),
      truth: truth === undefined ? null : halves(truth),
    }));
  }

  /** Labels of a task as shown values; null without labels. */
  truth(task: number): Float32Array | null {
    return this.tasks[task].truth;
  }

  /** Shown values of the router's own prediction. */
  own(task: number): Float32Array {
    return this.tasks[task].prediction;
  }

  /** Shown values at any weights, interpolated between the saved mixtures. @param weights with sum 1 */
  at(task: number, weights: readonly number[]): Float32Array {
    const { kind, outputs } = this.payload.tasks[task];
    const { mixtures } = this.tasks[task];
    const shares = blendNodes(weights);
    const size = mixtures.length / shares.length;
    const output = new Float32Array(size);
    shares.forEach((share, node) => {
      if (share !== 0) for (let i = 0; i < size; i++) output[i] += share * mixtures[node * size + i];
    });
    return decodeTask(kind, output, outputs);
  }
}

/** Mean of a task's router over the levels. */
export function meanWeights({ own }: SavedAtlasTask, experts: number): number[] {
  const levels = own.length / experts;
  return Array.from({ length: experts }, (_, e) => {
    let sum = 0;
    for (let level = 0; level < levels; level++) sum += own[level * experts + e];
    return sum / levels;
  });
}
