import { tf } from "../../backend/tf";
import type { Grid } from "../../contracts/geometry";
import type { DenseSample } from "../../data/dense/layout";
import type { Encoder } from "../../encoders/encoder";
import type { FeatureMap } from "../../encoders/feature-map";
import { type FeatureLevel, STEM, storedLayer, storedLayers } from "../../features/levels";
import { FeatureFolder, open } from "../../features/read";
import { resizeTokens } from "../../tasks/dense/resize";
import { SakError } from "../error";
import { checkPlaces } from "../teachers";
import { isWhole } from "../../rules/rule-error";

/** Teacher to be measured: stored features, or an encoder that runs. */
export type BiasTeacher =
  | { folder: string | FeatureFolder; indices?: readonly FeatureLevel[] }
  | { encoder: Encoder; indices?: readonly FeatureLevel[] };

/** Teacher that is ready to be read. */
export interface BiasSource {
  readonly name: string;
  readonly levels: readonly FeatureLevel[];
  /** Channels of each level. */
  readonly channels: readonly number[];
  /** Grid of each level. */
  readonly grids: readonly Grid[];
  /** Reads every level of some pictures. */
  read(samples: readonly DenseSample[]): Promise<FeatureMap[]>;
}

/**
 * Opens teachers.
 *
 * @param whenAbsent levels of a teacher without `indices`: all of them, or the last one
 */
export async function openSources(
  fn: string,
  teachers: Readonly<Record<string, BiasTeacher>>,
  whenAbsent: "all" | "last",
): Promise<BiasSource[]> {
  const entries = Object.entries(teachers);
  if (!entries.length) throw new SakError(fn, "there must be a teacher", "none");
  for (const [name, teacher] of entries) checkTeacher(fn, name, teacher);
  return Promise.all(
    entries.map(([name, teacher]) =>
      "encoder" in teacher ? encoderSource(fn, name, teacher, whenAbsent) : folderSource(fn, name, teacher, whenAbsent),
    ),
  );
}

/** Refuses a teacher with keys of both kinds or an unknown key, which would be ignored. */
function checkTeacher(fn: string, name: string, teacher: BiasTeacher): void {
  const failure = (rule: string, value: unknown): SakError => new SakError(fn, `${name} ${rule}`, value);
  if (typeof teacher !== "object" || (teacher as unknown) === null) throw failure("must be an object", teacher);
  const keys = Object.keys(teacher);
  const kind = "encoder" in teacher ? "encoder" : "folder";
  if (!keys.includes(kind) || keys.some((key) => key !== kind && key !== "indices"))
    throw failure("must have either folder or encoder, and may have indices", keys);
  const source = "encoder" in teacher ? teacher.encoder : teacher.folder;
  const isSource =
    "encoder" in teacher
      ? typeof (source as Partial<Encoder> | null)?.forwardIntermediates === "function"
      : typeof source === "string" || source instanceof FeatureFolder;
  if (!isSource)
    throw failure(
      kind === "encoder" ? "must have an encoder" : "must have a folder, a path or one of features.open",
      source,
    );
  const { indices } = teacher;
  const isList = Array.isArray(indices) && indices.length > 0 && new Set(indices).size === indices.length;
  if (indices !== undefined && !isList)
    throw failure("must have indices that name at least one level, each once", indices);
}

async function folderSource(
  fn: string,
  name: string,
  { folder, indices }: Extract<BiasTeacher, { folder: unknown }>,
  whenAbsent: "all" | "last",
): Promise<BiasSource> {
  const opened = typeof folder === "string" ? await open(folder) : folder;
  const all = opened.run.layers.map(({ layer }): FeatureLevel => (layer === STEM ? "stem" : layer));
  const levels = indices ?? (whenAbsent === "all" ? all : all.slice(-1));
  const stored = opened.checkLayers(fn, storedLayers(levels));
  const byStem = new Map(opened.paths.map((path) => [stemOf(path), path]));
  const pathOf = (picture: string): string => {
    const path = byStem.get(stemOf(picture));
    if (path !== undefined) return path;
    throw new SakError(fn, `${opened.folder} of ${name} must have features of every picture`, picture);
  };
  return {
    name,
    levels,
    channels: stored.map(({ channels }) => channels),
    grids: stored.map(({ grid }) => grid),
    read: (samples) =>
      opened.maps(
        samples.map((sample) => pathOf(sample.name)),
        levels,
      ),
  };
}

/** Returns a picture's name without folders and ending, as lists of dense data sets name it. */
const stemOf = (path: string): string => path.replace(/^.*[/\\]/, "").replace(/\.[A-Za-z]+$/, "");

function encoderSource(
  fn: string,
  name: string,
  { encoder, indices }: Extract<BiasTeacher, { encoder: unknown }>,
  whenAbsent: "all" | "last",
): BiasSource {
  const { depth } = encoder.info;
  const all = Array.from({ length: depth }, (_, i): FeatureLevel => i);
  const levels = indices ?? (whenAbsent === "all" ? all : all.slice(-1));
  const wrong = levels.find((level) => level !== "stem" && !(isWhole(level, 0) && level < depth));
  if (wrong !== undefined || !levels.length)
    throw new SakError(fn, `levels of ${name} are "stem" and 0..${depth - 1}`, wrong ?? levels);
  const blocks = levels.filter((level): level is number => level !== "stem");
  const block = (level: FeatureLevel): number => Math.max(0, storedLayer(level));
  return {
    name,
    levels,
    channels: levels.map((level) => encoder.featureInfo[block(level)].channels),
    grids: levels.map((level) => encoder.gridOf(block(level))),
    read: async (samples) => {
      const { embeddings, intermediates } = await encoder.forwardIntermediates(
        samples.map(({ image }) => image),
        {
          indices: blocks.length ? blocks : [0],
          outputFmt: "NLC",
          returnEmbeddings: levels.includes("stem"),
          intermediatesOnly: true,
          stopEarly: true,
          batchSize: samples.length,
        },
      );
      const maps = [...(embeddings ? [embeddings] : []), ...intermediates];
      return levels.map((level) => maps.find(({ layer }) => layer === storedLayer(level)) as FeatureMap);
    },
  };
}

/** Returns the grid of most tokens among all levels; the others are resized to it. */
export function commonGrid(sources: readonly BiasSource[]): Grid {
  const all = sources.flatMap(({ grids }) => grids);
  return all.reduce((most, grid) => (grid[0] * grid[1] > most[0] * most[1] ? grid : most));
}

/** Pictures with the tokens of every level of every teacher on one grid. */
export interface BiasTokens {
  /** Tokens [B, rows · columns, channels] of each source and level. */
  tokens: Float32Array[][];
  /** Placement of each picture, equal for all teachers. */
  geometry: FeatureMap["geometry"];
}

/**
 * Reads pictures from every teacher.
 *
 * @throws SakError for teachers that see different parts of a picture
 */
export async function readTokens(
  sources: readonly BiasSource[],
  samples: readonly DenseSample[],
  grid: Grid,
): Promise<BiasTokens> {
  const maps: FeatureMap[][] = [];
  for (const source of sources) maps.push(await source.read(samples));
  const [[{ geometry }]] = maps;
  const pictures = samples.map(({ name: path }, i) => ({ path, geometry: geometry[i] }));
  sources.forEach(({ name }, s) => checkPlaces(name, maps[s][0].geometry, pictures));
  return { tokens: maps.map((levels) => levels.map((map) => onGrid(map, grid))), geometry };
}

/** Resizes tokens bilinearly where their grid is another one. */
function onGrid({ data, grid, channels, batch }: FeatureMap, target: Grid): Float32Array {
  if (grid[0] === target[0] && grid[1] === target[1]) return data;
  const resized = tf.tidy(() => resizeTokens(tf.tensor(data, [batch, grid[0] * grid[1], channels]), grid, target));
  const tokens = resized.dataSync() as Float32Array;
  resized.dispose();
  return tokens;
}
