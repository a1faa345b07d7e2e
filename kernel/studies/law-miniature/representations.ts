import type { GridFeatures } from "../../contracts/features";
import type { RawImage } from "../../data/image";
import type { Encoder } from "../../encoders/encoder";
import { load } from "../../encoders/load";
import { batches } from "../../features/batches";
import { extract } from "../../features/extract";
import { open } from "../../features/read";
import { floatToHalf, unitRows } from "../../numeric";
import { join } from "../../platform/path";
import { Pictures } from "../../tasks/answers/examples";
import { StudyError } from "../error";
import { hashOf } from "../study-file";
import { drawPicture } from "./questions";
import type { LawMiniatureSettings, Representation, RepresentationPart } from "./settings";

/** An encoder on pictures of one resolution, with all blocks that some representation takes from it. */
interface Pass {
  encoder: string;
  shrink: number;
  indices: number[];
}

/** Progress of features: the encoder, and pictures done and of all. */
export type FeatureProgress = (progress: { encoder: string; done: number; total: number }) => void;

const passKey = ({ encoder, shrink = 1 }: Pick<RepresentationPart, "encoder" | "shrink">): string =>
  `${encoder.replace(/\W+/g, "-")}-${shrink}`;

function passesOf(representations: readonly Representation[]): Pass[] {
  const passes = new Map<string, Pass>();
  for (const { encoder, index, shrink = 1 } of representations.flatMap(({ parts }) => parts)) {
    const pass = passes.get(passKey({ encoder, shrink })) ?? { encoder, shrink, indices: [] };
    if (!pass.indices.includes(index)) pass.indices.push(index);
    passes.set(passKey({ encoder, shrink }), pass);
  }
  return [...passes.values()];
}

/** Facts of an encoder that the study needs after it is closed. */
export interface PassFacts {
  parameters: number;
  /** Folder of its features. */
  folder: string;
  /** Block by index as given, counted from the start. */
  layers: Record<number, number>;
}

/**
 * Writes the features of pictures for all representations: each encoder sees each picture once, and the tokens of every block are averaged
 * to one grid. What is there already is not computed again.
 *
 * @param names of pictures that `drawPicture` draws
 * @throws StudyError for a block whose grid is no multiple of the study's
 */
export async function extractAll(
  settings: LawMiniatureSettings,
  names: readonly string[],
  folder: string,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: FeatureProgress } = {},
): Promise<Map<string, PassFacts>> {
  const drawn = new Map<string, RawImage>();
  const facts = new Map<string, PassFacts>();
  for (const pass of passesOf(settings.representations)) {
    const encoder = await load(pass.encoder, { signal });
    try {
      const layers = pass.indices.map((index) => layerOf(encoder, index));
      const pool = poolOf(encoder, layers, settings.grid);
      const out = join(folder, `${passKey(pass)}-${hashOf({ pass, grid: settings.grid })}`);
      await extract({
        encoder,
        images: {
          names,
          identity: JSON.stringify({ study: "law in miniature", shrink: pass.shrink }),
          draw: (name) => ({ picture: shrunk(remembered(drawn, name), pass.shrink) }),
        },
        indices: layers,
        pool,
        dtype: "f16",
        out,
        progress: false,
        signal,
        onProgress: ({ done, total }) => onProgress?.({ encoder: passKey(pass), done, total }),
      });
      const byIndex = Object.fromEntries(pass.indices.map((index, i) => [index, layers[i]]));
      facts.set(passKey(pass), { parameters: encoder.info.parameters, folder: out, layers: byIndex });
    } finally {
      await encoder.dispose();
    }
  }
  return facts;
}

const layerOf = (encoder: Encoder, index: number): number => (index < 0 ? index + encoder.info.depth : index);

function poolOf(encoder: Encoder, layers: readonly number[], grid: number): number {
  const sides = layers.map((layer) => encoder.gridOf(layer));
  const [[rows]] = sides;
  if (sides.every(([y, x]) => y === rows && x === rows) && rows % grid === 0) return rows / grid;
  throw new StudyError("studies.lawMiniature", `blocks must have a square grid, a multiple of ${grid}`, `${sides}`);
}

function remembered(drawn: Map<string, RawImage>, name: string): RawImage {
  const picture = drawn.get(name) ?? drawPicture(name);
  drawn.set(name, picture);
  return picture;
}

/** A picture of the same size in which squares of `factor` pixels have their mean color: a lower resolution. */
export function shrunk(picture: RawImage, factor: number): RawImage {
  if (factor === 1) return picture;
  const { width, height, channels } = picture;
  const data = new Uint8Array(picture.data.length);
  for (let y = 0; y < height; y += factor)
    for (let x = 0; x < width; x += factor)
      for (let c = 0; c < channels; c++) {
        const places = squareOf(x, y, factor, width, height).map((at) => at * channels + c);
        const value = Math.round(places.reduce((sum, at) => sum + picture.data[at], 0) / places.length);
        for (const at of places) data[at] = value;
      }
  return { ...picture, data };
}

function squareOf(x: number, y: number, factor: number, width: number, height: number): number[] {
  const places: number[] = [];
  for (let row = y; row < Math.min(y + factor, height); row++)
    for (let column = x; column < Math.min(x + factor, width); column++) places.push(row * width + column);
  return places;
}

/** Pictures that are read from the disk together. */
const TOGETHER = 64;

/** Reads the features of a representation: channels of its parts side by side, [pictures, grid² tokens, channels]. */
export async function readRepresentation(
  { name, parts }: Representation,
  facts: ReadonlyMap<string, PassFacts>,
  paths: readonly string[],
  grid: number,
): Promise<Pictures> {
  const read = await Promise.all(parts.map((part) => readPart(part, facts, paths)));
  const channels = read.reduce((sum, part) => sum + part.channels, 0);
  const joined = new Uint16Array(paths.length * grid * grid * channels);
  let offset = 0;
  for (const part of read) {
    for (let row = 0; row < paths.length * grid * grid; row++)
      joined.set(part.halves.subarray(row * part.channels, (row + 1) * part.channels), row * channels + offset);
    offset += part.channels;
  }
  const texts = paths.map((path) => ({ questions: [], reading: path }));
  return new Pictures(joined, texts, [0], [grid, grid], channels, name);
}

async function readPart(
  part: RepresentationPart,
  facts: ReadonlyMap<string, PassFacts>,
  paths: readonly string[],
): Promise<{ halves: Uint16Array; channels: number }> {
  const { folder, layers } = facts.get(passKey(part)) as PassFacts;
  const source = batches(await open(folder), {
    paths,
    indices: [layers[part.index]],
    batchSize: TOGETHER,
    shuffle: false,
  });
  const rows: Uint16Array[] = [];
  let channels = 0;
  for (let index = 0; index < source.length; index++) {
    const { paths: some, maps } = await source.batch(0, index);
    channels = maps[0].channels;
    for (const image of some.keys()) rows.push(floatToHalf(maps[0].tokens(image)));
  }
  const halves = new Uint16Array(rows.length * rows[0].length);
  rows.forEach((row, i) => halves.set(row, i * row.length));
  return { halves, channels };
}

/** Parameters of a representation: those of its encoders, each counted once. */
export function parametersOf({ parts }: Representation, facts: ReadonlyMap<string, PassFacts>): number {
  const encoders = new Map(parts.map((part) => [part.encoder, (facts.get(passKey(part)) as PassFacts).parameters]));
  return [...encoders.values()].reduce((sum, count) => sum + count, 0);
}

/** Tokens of pictures at the encoders' own grids, for the C score: by pass, index and path. */
export type NativeTokens = ReadonlyMap<string, ReadonlyMap<string, GridFeatures>>;

const nativeKey = (part: RepresentationPart): string => `${passKey(part)} ${part.index}`;

/** Computes the tokens of pictures at the encoders' own grids. */
export async function nativeTokens(
  settings: LawMiniatureSettings,
  images: ReadonlyMap<string, RawImage>,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: FeatureProgress } = {},
): Promise<NativeTokens> {
  const paths = [...images.keys()];
  const tokens = new Map<string, Map<string, GridFeatures>>();
  for (const { encoder: name, shrink, indices } of passesOf(settings.representations)) {
    const maps = indices.map((index) => {
      const map = new Map<string, GridFeatures>();
      tokens.set(nativeKey({ encoder: name, index, shrink }), map);
      return map;
    });
    const encoder = await load(name, { signal });
    try {
      for (let at = 0; at < paths.length; at += 16) {
        signal?.throwIfAborted();
        const some = paths.slice(at, at + 16);
        const pictures = some.map((path) => shrunk(images.get(path) as RawImage, shrink));
        const options = { indices, outputFmt: "NLC", intermediatesOnly: true } as const;
        const { intermediates } = await encoder.forwardIntermediates(pictures, options);
        const byLayer = new Map(intermediates.map((map) => [map.layer, map]));
        indices.forEach((index, i) => {
          const map = byLayer.get(layerOf(encoder, index)) as (typeof intermediates)[number];
          const { grid, channels } = map;
          some.forEach((path, image) => maps[i].set(path, { tokens: map.tokens(image).slice(), grid, channels }));
        });
        onProgress?.({ encoder: passKey({ encoder: name, shrink }), done: at + some.length, total: paths.length });
      }
    } finally {
      await encoder.dispose();
    }
  }
  return tokens;
}

/** Joins the tokens of a representation's parts: each is normalized, then their channels stand side by side (the paper's combination). */
export function joinedTokens({ parts }: Representation, tokens: NativeTokens, path: string): GridFeatures {
  const maps = parts.map((part) => tokens.get(nativeKey(part))?.get(path) as GridFeatures);
  if (maps.length === 1) return maps[0];
  const { grid } = maps[0];
  const channels = maps.reduce((sum, map) => sum + map.channels, 0);
  const joined = new Float32Array(grid[0] * grid[1] * channels);
  let offset = 0;
  for (const map of maps) {
    const unit = unitRows(map.tokens, map.channels);
    for (let row = 0; row < grid[0] * grid[1]; row++)
      joined.set(unit.subarray(row * map.channels, (row + 1) * map.channels), row * channels + offset);
    offset += map.channels;
  }
  return { tokens: joined, grid, channels };
}
