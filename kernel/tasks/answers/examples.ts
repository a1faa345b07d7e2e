import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Question, type QuestionType, type Split, world } from "../../data";
import { type Encoder, encoders, hashModel } from "../../encoders";
import * as nn from "../../nn";
import { MultimodalError } from "../../models/error";

/** Options of the world's pictures as a frozen encoder sees them, with questions. */
export interface PictureOptions {
  /** Loaded encoder, which stays loaded, or the source for `encoders.load`. */
  encoder: Encoder | string;
  /** Split of the pictures. */
  split: Split;
  /** Number of pictures, those of the seeds 0, 1, …. */
  count: number;
  /** Blocks whose output is kept, in this order; negative ones from the end. */
  levels: readonly number[];
  /** Side of the square of neighbouring encoder tokens that are averaged. Default 2. */
  pool?: number;
  /** Most questions of each type. Default 2. */
  perType?: number;
  /**
   * Folder of the features, with a sub-folder for each encoder and options; existing features are not computed again.
   */
  folder: string;
  /** Called after each file. Default: not called. */
  onProgress?: (done: number, total: number) => void;
  /** Stops between two files: the promise rejects with the signal's reason. Default: none. */
  signal?: AbortSignal;
}

/** One picture without its pixels. */
export interface PictureText {
  questions: readonly Question[];
  /** Description of the picture in words, as in `world.reading`. */
  reading: string;
}

interface PictureFile {
  /** Features [count, levels, tokens, channels] in half precision. */
  bits: Uint16Array;
  texts: readonly PictureText[];
}

const LOAD = "multimodal.loadPictures";
const PER_FILE = 128;
const KEY = "fovea.pictures";

/** Features and questions of pictures, in memory. */
export class Pictures {
  readonly texts: readonly PictureText[];

  /** @internal Use {@link loadPictures}. */
  constructor(
    private readonly files: readonly PictureFile[],
    readonly levels: readonly number[],
    readonly grid: readonly [rows: number, columns: number],
    readonly channels: number,
    /** Hash of encoder, levels, split and questions, which determine every value. */
    readonly identity: string,
  ) {
    this.texts = files.flatMap(({ texts }) => texts);
  }

  get count(): number {
    return this.texts.length;
  }

  /** Returns the same pictures with only the questions of some types. */
  only(types: readonly QuestionType[]): Pictures {
    const files = this.files.map(({ bits, texts }) => ({
      bits,
      texts: texts.map((text) => ({ ...text, questions: text.questions.filter(({ type }) => types.includes(type)) })),
    }));
    return new Pictures(files, this.levels, this.grid, this.channels, this.identity);
  }

  /** Returns one level of a picture, [tokens, channels], in half precision: a view. */
  bits(picture: number, level: number): Uint16Array {
    const size = this.grid[0] * this.grid[1] * this.channels;
    const file = this.files[Math.floor(picture / PER_FILE)];
    const at = ((picture % PER_FILE) * this.levels.length + level) * size;
    return file.bits.subarray(at, at + size);
  }
}

/**
 * Draws pictures of `world.quiz`, runs the encoder on them and stores the averaged tokens in files of 128 pictures,
 * written whole. It can be stopped at any moment and called again.
 *
 * @throws MultimodalError for invalid options, or a file whose content does not match its place
 */
export async function loadPictures(options: PictureOptions): Promise<Pictures> {
  checkOptions(options);
  const { encoder: source, count, signal, onProgress } = options;
  const encoder = typeof source === "string" ? await encoders.load(source, { signal }) : source;
  try {
    const { path } = encoder.info;
    const maker = new PictureMaker(encoder, options, path === null ? encoder.name : await hashModel(path, LOAD));
    await mkdir(maker.folder, { recursive: true });
    const files: PictureFile[] = [];
    for (let first = 0; first < count; first += PER_FILE) {
      signal?.throwIfAborted();
      files.push(await maker.file(first));
      onProgress?.(Math.min(count, first + PER_FILE), count);
    }
    return new Pictures(files, options.levels, maker.grid, encoder.info.channels, maker.identity);
  } finally {
    if (encoder !== source) await encoder.dispose();
  }
}

function checkOptions({ count, pool = 2, levels, folder }: PictureOptions): void {
  for (const [name, value] of Object.entries({ count, pool }))
    if (!Number.isInteger(value) || value < 1)
      throw new MultimodalError(LOAD, `${name} must be a whole number of at least 1`, value);
  if (!levels.length || new Set(levels).size < levels.length)
    throw new MultimodalError(LOAD, "levels must name at least one block, each once", [...levels]);
  if (!folder) throw new MultimodalError(LOAD, "folder must be given", folder);
}

class PictureMaker {
  readonly grid: readonly [rows: number, columns: number];
  private readonly pool: number;
  private readonly perType: number;
  /** Index of each level's map among those in depth order. */
  private readonly places: readonly number[];
  readonly identity: string;
  readonly folder: string;

  constructor(
    private readonly encoder: Encoder,
    private readonly options: PictureOptions,
    hash: string,
  ) {
    const { levels, split, pool = 2, perType = 2 } = options;
    const { depth, channels } = encoder.info;
    const layers = levels.map((level) => (level < 0 ? level + depth : level));
    const depthOrder = [...layers].sort((a, b) => a - b);
    const grids = layers.map((layer) => encoder.gridOf(layer));
    const fits = grids.every(
      ([rows, columns]) => `${rows},${columns}` === `${grids[0]}` && rows % pool === 0 && columns % pool === 0,
    );
    if (!fits)
      throw new MultimodalError(
        LOAD,
        `the levels' grids must be equal and multiples of pool ${pool}`,
        grids.map(String),
      );
    this.pool = pool;
    this.perType = perType;
    this.places = layers.map((layer) => depthOrder.indexOf(layer));
    this.grid = [grids[0][0] / pool, grids[0][1] / pool];
    this.identity = JSON.stringify({
      encoder: encoder.name,
      hash,
      layers,
      split,
      pool,
      perType,
      channels,
      grid: this.grid,
    });
    const short = createHash("sha256").update(this.identity).digest("hex").slice(0, 12);
    this.folder = join(options.folder, `${split}-${short}`);
  }

  /** Returns the file of the pictures from `first` on; an existing one is read. */
  async file(first: number): Promise<PictureFile> {
    const { folder } = this;
    const { count } = this.options;
    const size = Math.min(PER_FILE, count - first);
    const path = join(folder, `pictures-${String(first / PER_FILE).padStart(5, "0")}.safetensors`);
    const known = existsSync(path) ? await this.read(path) : null;
    if (known && known.texts.length >= size) return { ...known, texts: known.texts.slice(0, size) };
    const made = await this.make(first, size);
    await this.write(path, made);
    return made;
  }

  private async read(path: string): Promise<PictureFile> {
    const { tensors, metadata } = await nn.readSafetensors(path);
    const { identity, texts } = JSON.parse(metadata[KEY] ?? "{}") as { identity?: string; texts?: PictureText[] };
    if (identity !== this.identity)
      throw new MultimodalError(LOAD, `${path} must hold features of ${this.identity}`, identity ?? "none");
    const tensor = tensors.get("features");
    const shape = [texts?.length, this.places.length, this.grid[0] * this.grid[1], this.encoder.info.channels];
    if (tensor?.dtype !== "F16" || tensor.shape.join() !== shape.join())
      throw new MultimodalError(
        LOAD,
        `${path} must hold features [${shape}] in half precision`,
        tensor?.shape ?? "none",
      );
    return { bits: tensor.data as Uint16Array, texts: texts ?? [] };
  }

  private async make(first: number, size: number): Promise<PictureFile> {
    const { split, levels, signal } = this.options;
    const drawn = Array.from({ length: size }, (_, i) => world.quiz(first + i, { split, perType: this.perType }));
    const images = drawn.map(({ image }) => ({
      data: image.rgb,
      width: image.width,
      height: image.height,
      channels: 3 as const,
    }));
    const { intermediates } = await this.encoder.forwardIntermediates(images, {
      indices: levels,
      outputFmt: "NLC",
      intermediatesOnly: true,
      signal,
    });
    const length = this.grid[0] * this.grid[1] * this.encoder.info.channels;
    const values = new Float32Array(size * levels.length * length);
    for (let i = 0; i < size; i++)
      this.places.forEach((place, level) =>
        values.set(this.pooled(intermediates[place].tokens(i)), (i * levels.length + level) * length),
      );
    const texts = drawn.map(({ questions, scene, image }) => ({ questions, reading: world.reading(scene, image) }));
    return { bits: nn.floatToHalf(values), texts };
  }

  /** Returns the means over squares of tokens [rows · pool · columns · pool, channels]. */
  private pooled(tokens: Float32Array): Float32Array {
    const { pool, grid } = this;
    const [rows, columns] = grid;
    const { channels } = this.encoder.info;
    const result = new Float32Array(rows * columns * channels);
    for (let from = 0; from < tokens.length / channels; from++) {
      const [row, column] = [Math.floor(from / (columns * pool)), from % (columns * pool)];
      const to = Math.floor(row / pool) * columns + Math.floor(column / pool);
      for (let c = 0; c < channels; c++) result[to * channels + c] += tokens[from * channels + c] / pool ** 2;
    }
    return result;
  }

  private async write(path: string, { bits, texts }: PictureFile): Promise<void> {
    const shape = [texts.length, this.places.length, this.grid[0] * this.grid[1], this.encoder.info.channels];
    const tensors = new Map([["features", { dtype: "F16" as const, shape, data: bits }]]);
    await nn.writeSafetensors(path, tensors, { [KEY]: JSON.stringify({ identity: this.identity, texts }) });
  }
}
