import type { Grid } from "../../contracts/geometry";
import * as world from "../../data/world";
import type { Question, QuestionType } from "../../data/world/language/questions";
import type { Split } from "../../data/world/scenes/scene";
import { sha256Of } from "../../platform";
import { join } from "../../platform/path";
import type { Encoder } from "../../encoders/encoder";
import { load } from "../../encoders/load";
import { batches } from "../../features/batches";
import { extract } from "../../features/extract";
import { type FeatureFolder, open } from "../../features/read";
import { hashModel } from "../../features/run-identity";
import type { PictureSource } from "../../features/sources";
import { floatToHalf } from "../../numeric";
import { TaskError } from "../error";
import { isWhole } from "../../rules/rule-error";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { patientBar } from "../../display/progress";

/** Options of the world's pictures as a frozen encoder sees them, with questions. */
export interface PictureOptions {
  /** Loaded encoder, which stays loaded, or the source for `encoders.load`. */
  encoder: Encoder | string;
  /** Split of the pictures. */
  split: Split;
  /** Number of pictures, those of the seeds 0, 1, …. */
  count: number;
  /** Blocks whose output is kept, in this order; negative ones from the end. */
  indices: readonly number[];
  /** Side of the square of neighbouring encoder tokens that are averaged. Default 2. */
  pool?: number;
  /** Most questions of each type. Default 2. */
  perType?: number;
  /**
   * Folder of the features, with a sub-folder for each encoder and options; existing features are not computed again.
   */
  folder: string;
  /** Called after each file. Default: a bar in a notebook, after two seconds. */
  onProgress?: (progress: { done: number; total: number }) => void;
  /** Stops between two files: the promise rejects with the signal's reason. Default: none. */
  signal?: AbortSignal;
}

/** One picture without its pixels. */
export interface PictureText {
  questions: readonly Question[];
  /** Description of the picture in words, as in `data.world.reading`. */
  reading: string;
}

const LOAD = "tasks.answers.loadPictures";
const NAMES: OptionNames<PictureOptions> = {
  encoder: true,
  split: true,
  count: true,
  indices: true,
  pool: true,
  perType: true,
  folder: true,
  onProgress: true,
  signal: true,
};
/** Pictures that are read into memory together. */
const TOGETHER = 128;

/** Features and questions of pictures, in memory. */
export class Pictures {
  /** @internal Use {@link loadPictures}. */
  constructor(
    /** Features [count, levels, tokens, channels] in half precision. */
    private readonly halves: Uint16Array,
    readonly texts: readonly PictureText[],
    /** Blocks of the encoder, in the order of the levels. */
    readonly indices: readonly number[],
    readonly grid: Grid,
    readonly channels: number,
    /** Hash of encoder, indices, split and questions, which determine every value. */
    readonly identity: string,
  ) {}

  get count(): number {
    return this.texts.length;
  }

  /** Returns the same pictures with only the questions of some types. */
  only(types: readonly QuestionType[]): Pictures {
    const texts = this.texts.map((text) => ({
      ...text,
      questions: text.questions.filter(({ type }) => types.includes(type)),
    }));
    return new Pictures(this.halves, texts, this.indices, this.grid, this.channels, this.identity);
  }

  /** Returns one level of a picture, [tokens, channels], in half precision: a view. */
  bits(picture: number, level: number): Uint16Array {
    const size = this.grid[0] * this.grid[1] * this.channels;
    const at = (picture * this.indices.length + level) * size;
    return this.halves.subarray(at, at + size);
  }
}

/**
 * Pictures of `data.world.quiz` as a frozen encoder sees them, with their questions: `features.extract` keeps both in a folder,
 * may be stopped at any moment and goes on with it; then they are read into memory.
 *
 * @throws TaskError for illegal options, FeatureError for a folder with other features than its name says
 */
export async function loadPictures(options: PictureOptions): Promise<Pictures> {
  checkOptions(options);
  const { encoder: source, indices, pool = 2, signal } = options;
  const { onProgress = patientBar("Extracting", "pictures") } = options;
  const encoder = typeof source === "string" ? await load(source, { signal }) : source;
  try {
    const layers = indices.map((index) => (index < 0 ? index + encoder.info.depth : index));
    const grid = gridOf(encoder, layers, pool);
    const identity = await identityOf(encoder, options, layers, grid);
    const short = sha256Of(identity).slice(0, 12);
    const out = join(options.folder, `${options.split}-${short}`);
    const images = quizPictures(options);
    await extract({
      encoder,
      images,
      indices: layers,
      pool,
      dtype: "f16",
      out,
      progress: false,
      signal,
      onProgress: ({ done, total }) => onProgress({ done, total }),
    });
    const stored = await open(out);
    const halves = await readHalves(stored, images.names, layers);
    const texts = images.names.map((name) => stored.images.get(name)?.note as PictureText);
    return new Pictures(halves, texts, indices, grid, encoder.info.channels, identity);
  } finally {
    if (encoder !== source) await encoder.dispose();
  }
}

function checkOptions(options: PictureOptions): void {
  checkOptionNames(LOAD, options, NAMES, TaskError);
  const { count, pool = 2, indices, folder } = options;
  for (const [name, value] of Object.entries({ count, pool }))
    if (!isWhole(value)) throw new TaskError(LOAD, `${name} must be a whole number of at least 1`, value);
  if (!indices.length || new Set(indices).size < indices.length)
    throw new TaskError(LOAD, "indices must name at least one block, each once", [...indices]);
  if (!folder) throw new TaskError(LOAD, "folder must be given", folder);
}

/** The grid after pooling, which all levels must share. */
function gridOf(encoder: Encoder, layers: readonly number[], pool: number): [rows: number, columns: number] {
  const grids = layers.map((layer) => encoder.gridOf(layer));
  const [[rows, columns]] = grids;
  const fits = grids.every((grid) => `${grid}` === `${grids[0]}`) && rows % pool === 0 && columns % pool === 0;
  if (fits) return [rows / pool, columns / pool];
  throw new TaskError(LOAD, `the levels' grids must be equal and multiples of pool ${pool}`, grids.map(String));
}

async function identityOf(
  encoder: Encoder,
  { split, pool = 2, perType = 2 }: PictureOptions,
  layers: readonly number[],
  grid: readonly number[],
): Promise<string> {
  const { path, channels } = encoder.info;
  const hash = path === null ? encoder.name : await hashModel(path, LOAD);
  return JSON.stringify({ encoder: encoder.name, hash, layers, split, pool, perType, channels, grid });
}

/** The world's quizzes of the seeds 0, 1, …, with questions and reading as notes. */
function quizPictures({ count, split, perType = 2 }: PictureOptions): PictureSource {
  return {
    names: Array.from({ length: count }, (_, seed) => `${split}-${seed}`),
    identity: JSON.stringify({ world: "quiz", split, perType }),
    draw: (_, seed) => {
      const { questions, scene, image } = world.quiz(seed, { split, perType });
      const note: PictureText = { questions, reading: world.reading(scene, image) };
      return { picture: image, note };
    },
  };
}

/** [count, levels, tokens, channels]: half precision to single and back loses nothing. */
async function readHalves(
  stored: FeatureFolder,
  paths: readonly string[],
  layers: readonly number[],
): Promise<Uint16Array> {
  const source = batches(stored, { paths, indices: layers, batchSize: TOGETHER, shuffle: false });
  const { grid, channels } = stored.run.layers[0];
  const size = grid[0] * grid[1] * channels;
  const halves = new Uint16Array(paths.length * layers.length * size);
  let at = 0;
  for (let index = 0; index < source.length; index++) {
    const { paths: some, maps } = await source.batch(0, index);
    for (const image of some.keys())
      for (const map of maps) {
        halves.set(floatToHalf(map.tokens(image)), at);
        at += size;
      }
  }
  return halves;
}
