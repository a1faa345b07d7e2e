import { list } from "../encoders/locate";
import { parseRun, RUN, MANIFEST } from "../features/store";
import { listCached } from "../hub/listing";
import { hubSettings } from "../hub/settings";
import { isRecord, parseJson } from "../rules/json-text";
import { platform } from "../platform";
import { readPlainFile, stat } from "../platform/files";
import { join } from "../platform/path";
import {
  type ListedAdapter,
  type ListedEncoder,
  type ListedFeatures,
  LONGEST_TEXT,
  MOST_LISTED,
  SHELF_ENTRIES,
  type ShelfReply,
} from "../protocol/overview";
import { bytesOf, type Folder, foldersBelow } from "./walk";

/** Content of the disk, with the paths of the encoders' graphs by source and file. */
export interface Shelf {
  reply: ShelfReply;
  graphs: Map<string, string>;
}

/** Key of an encoder among the graphs. */
export const graphKey = (source: string, file = ""): string => JSON.stringify([source, file]);

type Found = ListedEncoder & { path: string };

/** Looks through the package, the notebook's folder and the cache of the hub. */
export async function readShelf(): Promise<Shelf> {
  const folder = platform().folder();
  const [{ folders, isWhole }, zoo, cached] = await Promise.all([
    foldersBelow(folder),
    zooEncoders(),
    cachedEncoders(),
  ]);
  const local = await encodersIn(folder, folders);
  const found = [...zoo, ...local, ...cached];
  const encoders = told(found, (one) => SHELF_ENTRIES.encoders(listedOf(one), "", WHERE));
  const [allAdapters, allFeatures] = await Promise.all([
    eachOf(folders, (one) => adapterIn(folder, one)),
    eachOf(folders, (one) => featuresIn(folder, one)),
  ]);
  const adapters = told(allAdapters, (one) => SHELF_ENTRIES.adapters(one, "", WHERE));
  const features = told(allFeatures, (one) => SHELF_ENTRIES.features(one, "", WHERE));
  const left = [found, allAdapters, allFeatures].flat().length - [encoders, adapters, features].flat().length;
  return {
    reply: {
      type: "shelf",
      folder: folder.slice(0, LONGEST_TEXT),
      encoders: encoders.map(listedOf),
      adapters,
      features,
      isWhole: isWhole && left === 0,
    },
    graphs: new Map(encoders.map(({ source, file, path }) => [graphKey(source, file), path])),
  };
}

const WHERE = "fovea.overview";

/** Entries that a message can hold: one file with an absurd name or number must not hide the others. */
function told<T>(entries: readonly T[], read: (entry: T) => unknown): T[] {
  const fits = (entry: T): boolean => {
    try {
      read(entry);
      return true;
    } catch {
      return false;
    }
  };
  return entries.filter(fits).slice(0, MOST_LISTED);
}

const listedOf = ({ source, file, place, bytes }: Found): ListedEncoder =>
  file === undefined ? { source, place, bytes } : { source, file, place, bytes };

async function eachOf<T>(folders: readonly Folder[], find: (folder: Folder) => Promise<T | null>): Promise<T[]> {
  const found = await Promise.all(folders.map(find));
  return found.filter((one): one is Awaited<T> & T => one !== null);
}

function zooEncoders(): Promise<Found[]> {
  return Promise.all(
    list().map(async (source): Promise<Found> => {
      const path = join(platform().zoo(), source.slice("zoo/".length), MODEL);
      return { source, place: "zoo", bytes: await bytesOf(path), path };
    }),
  );
}

/** Names by which `encoders.load` finds a graph in a repository without being told. */
const DEFAULTS = ["model.onnx", "onnx/model.onnx"];
const MODEL = "model.onnx";
const isText = (name: string): boolean => /^text(_model)?\b.*\.onnx$/.test(name);

async function cachedEncoders(): Promise<Found[]> {
  const files = await listCached(hubSettings().cache, ".onnx", MOST_LISTED);
  return files
    .filter(({ file }) => !isText(file.slice(file.lastIndexOf("/") + 1)))
    .map(({ repo, file, path, bytes }) => {
      const listed: Found = { source: `hf:${repo}`, place: "cache", bytes, path };
      return DEFAULTS.includes(file) ? listed : { ...listed, file };
    });
}

async function encodersIn(root: string, folders: readonly Folder[]): Promise<Found[]> {
  const graphs = folders.flatMap((one) =>
    one.files.filter((name) => name.endsWith(".onnx") && !isText(name)).map((name) => [one, name] as const),
  );
  // One more tells that there are more.
  return Promise.all(
    graphs.slice(0, MOST_LISTED + 1).map(async ([{ path, files }, name]): Promise<Found> => {
      const graph = path ? `${path}/${name}` : name;
      const weights = files.filter((one) => one === `${name}_data` || one === `${name}.data`);
      const sizes = await Promise.all([name, ...weights].map((one) => bytesOf(join(root, path, one))));
      const bytes = sizes.reduce((sum, size) => sum + size, 0);
      return { source: sourceOf(graph), place: "folder", bytes, path: join(root, graph) };
    }),
  );
}

/** The folder stands for the graph that `encoders.load` takes out of it. */
function sourceOf(graph: string): string {
  const folder = DEFAULTS.map((name) => graph.endsWith(`/${name}`) && graph.slice(0, -name.length - 1))
    .filter((one): one is string => typeof one === "string")
    .sort((a, b) => a.length - b.length)[0];
  return folder || graph;
}

const ADAPTER = ["adapter_config.json", "adapter_model.safetensors"];
const MOST_CONFIG = 2 ** 20;

async function adapterIn(root: string, { path, files }: Folder): Promise<ListedAdapter | null> {
  if (!ADAPTER.every((name) => files.includes(name))) return null;
  const config = await readObject(join(root, path, ADAPTER[0]));
  const { peft_type: kind, r: rank, base_model_name_or_path: base } = config ?? {};
  return {
    path: path || ".",
    bytes: await bytesOf(join(root, path, ADAPTER[1])),
    kind: typeof kind === "string" ? kind.slice(0, 100) : "unknown",
    rank: typeof rank === "number" && rank >= 0 && Number.isFinite(rank) ? rank : null,
    base: typeof base === "string" ? base.slice(0, 1000) : null,
  };
}

async function featuresIn(root: string, { path, files }: Folder): Promise<ListedFeatures | null> {
  if (![RUN, MANIFEST].every((name) => files.includes(name))) return null;
  const text = await readText(join(root, path, RUN));
  if (text === null) return null;
  try {
    const { encoder, layers, committed } = parseRun("overview", text);
    const shards = files.filter((name) => name.endsWith(".safetensors"));
    const sizes = await Promise.all(shards.map((name) => bytesOf(join(root, path, name))));
    return {
      path: path || ".",
      encoder: String(encoder.name).slice(0, 1000),
      images: committed.images,
      layers: layers.slice(0, 1000).map(({ layer }) => layer),
      bytes: sizes.reduce((sum, size) => sum + size, 0),
    };
  } catch {
    // Another tool's run.json: there are many.
    return null;
  }
}

async function readText(path: string): Promise<string | null> {
  const facts = await stat(path).catch(() => null);
  if (!facts || facts.size > MOST_CONFIG) return null;
  const bytes = await readPlainFile(path).catch(() => null);
  return bytes && new TextDecoder().decode(bytes);
}

/** Reads a small JSON object; null for anything else. */
export async function readObject(path: string): Promise<Record<string, unknown> | null> {
  const text = await readText(path);
  try {
    const value: unknown = text === null ? null : parseJson(text);
    return isRecord(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
