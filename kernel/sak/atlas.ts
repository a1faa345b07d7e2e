import { checkArguments } from "../rules/arguments";
import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import type { Grid } from "../contracts/geometry";
import type { RawImage } from "../data/image";
import { type DenseTask, TASKS } from "../data/dense/tasks";
import type { DenseValues } from "../data/dense/values";
import { preprocess } from "../encoders/preprocess/batch";
import { pictureOf } from "../encoders/preprocess/picture";
import type { EncoderInput, Geometry, Preprocess } from "../encoders/preprocess/preprocess";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { cellsOf } from "../tasks/dense/probe/cells";
import { SakError } from "./error";
import type { SakFeatures } from "./routes";
import type { Sak } from "./model";

/** Kind of a task in an atlas: classes, a mask, unit vectors, or other values. */
export type SakAtlasKind = "classes" | "mask" | "vectors" | "values";

/** Options of {@link atlasOf}. */
export interface SakAtlasOptions {
  /** Picture to look at. */
  picture: EncoderInput;
  /** Preparation of pictures for the student. */
  preprocess: Preprocess;
  /** Labels of the picture, by task. Default: none. */
  labels?: Readonly<Partial<Record<DenseTask, DenseValues>>>;
  /** Other pictures, for the distribution of the routers' weights. Default: none. */
  pictures?: readonly EncoderInput[];
  /** Kinds of tasks by name. Default: the kind of the dense task of that name, else `classes`. */
  kinds?: Readonly<Record<string, SakAtlasKind>>;
}

/** Task of an atlas. */
export interface SakAtlasTask {
  readonly name: string;
  readonly kind: SakAtlasKind;
  /** Channels of the head. */
  readonly outputs: number;
  /** Weights of the picture's router, [levels, experts]. */
  readonly weights: Float32Array;
  /** Weights for the other pictures, [pictures, levels, experts]. */
  readonly others: Float32Array;
  /** Labels, [height, width, channels] of the student's input. */
  readonly truth?: Float64Array;
}

/** Features of one picture in a student, and its predictions at any weights, in plain data for `view.atlas`. */
export interface SakAtlas {
  /** The picture as the student sees it. */
  readonly image: RawImage;
  /** The stem, then the teachers. */
  readonly experts: readonly string[];
  readonly levels: readonly string[];
  readonly grid: Grid;
  readonly channels: number;
  /** Tokens [rows · columns, channels] by level, then by expert. */
  readonly maps: readonly (readonly Float32Array[])[];
  readonly tasks: readonly SakAtlasTask[];
  /** Returns the heads' outputs [outputs, height, width] by task. */
  predict(weights: readonly number[] | null, closed: readonly number[]): Promise<Record<string, Float32Array>>;
  /** Frees the features of the picture. */
  dispose(): void;
}

const FN = "sak.atlasOf";
const NAMES: OptionNames<SakAtlasOptions> = {
  picture: true,
  preprocess: true,
  labels: true,
  pictures: true,
  kinds: true,
};
const KINDS: Readonly<Record<DenseTask, SakAtlasKind>> = {
  semseg: "classes",
  parts: "classes",
  saliency: "mask",
  boundary: "mask",
  normals: "vectors",
  depth: "values",
};

/**
 * Computes the features of a picture at every level of the stem and of each path, and the routers' weights (arXiv 2410.14633), for
 * `view.atlas`. The student must stay as it is while the atlas is in use.
 *
 *     await view.atlas(await sak.atlasOf(student, { picture, preprocess, labels, pictures }));
 *
 * @throws SakError for a student without routers or tasks, or pictures of another size
 */
export async function atlasOf(model: Sak, options: SakAtlasOptions): Promise<SakAtlas> {
  checkArguments("sak.atlasOf", SakError, { model }, { model: "module" });
  checkOptionNames(FN, options, NAMES, SakError);
  const { router, tasks, levels, stem } = model.config;
  if (router === "none") throw new SakError(FN, "the student must have routers", router);
  if (!model.tasks.length) throw new SakError(FN, "the student must have tasks", "none");
  const { x, geometry, image } = await prepared(options.picture, options.preprocess);
  model.eval();
  const features = model.features(x);
  const own = await weightsOf(model, x);
  x.dispose();
  const others = await othersOf(model, options);
  const places = levels.length * (model.teachers.length + 1);
  return {
    image,
    experts: ["stem", ...model.teachers],
    levels: levels.map(String),
    grid: features.grid,
    channels: stem.embedDim,
    maps: await mapsOf(model, features),
    tasks: Object.entries(tasks).map(([name, outputs]) => ({
      name,
      outputs,
      kind: options.kinds?.[name] ?? (isDense(name) ? KINDS[name] : "classes"),
      weights: own[name],
      others: joinOf(others, name, places),
      ...truthOf(name, options, geometry, features.size),
    })),
    predict: (weights, closed) => predict(model, features, weights, closed),
    dispose: () => tf.dispose([features.stem, features.paths] as never),
  };
}

const isDense = (name: string): name is DenseTask => (TASKS as readonly string[]).includes(name);

async function prepared(
  picture: EncoderInput,
  plan: Preprocess,
): Promise<{ x: Tensor; geometry: Geometry; image: RawImage }> {
  const { pixelValues, dims, geometry } = await preprocess([picture], plan, FN);
  return { x: tf.tensor(pixelValues, dims), geometry: geometry[0], image: pictureOf(pixelValues, plan) };
}

async function weightsOf(model: Sak, x: Tensor): Promise<Record<string, Float32Array>> {
  const found = model.weights(x);
  const read = Object.entries(found).map(async ([name, one]) => [name, Float32Array.from(await one.data())] as const);
  const weights = Object.fromEntries(await Promise.all(read));
  tf.dispose(found as never);
  return weights;
}

async function othersOf(
  model: Sak,
  { pictures = [], preprocess: plan }: SakAtlasOptions,
): Promise<Record<string, Float32Array>[]> {
  const found: Record<string, Float32Array>[] = [];
  for (const picture of pictures) {
    const { x } = await prepared(picture, plan);
    found.push(await weightsOf(model, x));
    x.dispose();
  }
  return found;
}

function joinOf(all: readonly Record<string, Float32Array>[], name: string, places: number): Float32Array {
  const out = new Float32Array(all.length * places);
  all.forEach((one, i) => out.set(one[name], i * places));
  return out;
}

async function mapsOf(model: Sak, { stem, paths }: SakFeatures): Promise<Float32Array[][]> {
  const read = async (one: Tensor): Promise<Float32Array> => Float32Array.from(await one.data());
  return Promise.all(
    stem.map((tokens, level) => Promise.all([tokens, ...model.teachers.map((name) => paths[name][level])].map(read))),
  );
}

function truthOf(
  name: string,
  { labels }: SakAtlasOptions,
  geometry: Geometry,
  size: Grid,
): Pick<SakAtlasTask, "truth"> {
  const label = isDense(name) ? labels?.[name] : undefined;
  return label && isDense(name) ? { truth: cellsOf(name, label, size, geometry) } : {};
}

async function predict(
  model: Sak,
  features: SakFeatures,
  weights: readonly number[] | null,
  closed: readonly number[],
): Promise<Record<string, Float32Array>> {
  const names = closed.map((place) => model.teachers[place - 1]);
  const before = model.bypassed;
  let found: Record<string, Tensor>;
  try {
    for (const name of names) model.bypass(name);
    found = model.predict(features, { routes: weights ? [{ weights }] : [] });
  } finally {
    for (const name of names) if (!before.includes(name)) model.bypass(name, false);
  }
  const read = Object.entries(found).map(async ([name, one]) => [name, Float32Array.from(await one.data())] as const);
  const outputs = Object.fromEntries(await Promise.all(read));
  tf.dispose(found as never);
  return outputs;
}
