/** Base model: one safetensors file, or a folder with one file or with shards and the index of transformers. */
import { SafetensorsFile, streamSafetensors } from "../../safetensors/file";
import type { SafetensorsHeader } from "../../safetensors/header";
import { checkShard, readShardIndex } from "../../safetensors/shards";
import type { SafetensorsTensor } from "../../safetensors/tensor";
import { platform } from "../../platform";
import { access, copyFile, mkdir, readdir, readFile, rename, rm, rmdir, stat, writeFile } from "../../platform/files";
import { basename, dirname, join } from "../../platform/path";
import { copyCompanions } from "../branches/companions";
import { LoraError } from "../error";
import { parseJson } from "../../rules/json-text";
import type { SystemError } from "../../platform/types";

const [INDEX, SINGLE] = ["model.safetensors.index.json", "model.safetensors"];
const CONFIG = "config.json";

/** Function that yields the bytes of a changed tensor. */
export type Change = () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** A tensor that the base does not have, with the type, the shape and the file of one that it has. */
export interface Addition {
  name: string;
  like: string;
  bytes: Change;
}

/** Differences of a written model from its base. */
export interface Changes {
  tensors: ReadonlyMap<string, Change>;
  addition: Addition | null;
  /** `config.json` where it changes. */
  config: string | null;
}

export class BaseModel {
  /** Tensors of all shards. */
  readonly tensors: SafetensorsHeader["tensors"];

  private constructor(
    private readonly folder: string,
    private readonly shards: ReadonlyMap<string, SafetensorsFile>,
    private readonly index: string | null,
    /** True when the model is the folder with all its files, false when it is a file. */
    readonly isFolder: boolean,
    /** The object in the `config.json` beside the weights; null where there is none. */
    readonly config: object | null,
  ) {
    this.tensors = new Map([...shards.values()].flatMap(({ header }) => [...header.tensors]));
  }

  /**
   * Opens a base model.
   *
   * @param path a file, the index of shards, or the folder with `model.safetensors` or that index
   */
  static async open(fn: string, path: string): Promise<BaseModel> {
    const file = (await stat(path).catch(() => null))?.isDirectory() ? await weightsIn(path) : path;
    const index = file.endsWith(".index.json") ? basename(file) : null;
    const places = index === null ? null : await readShardIndex(fn, file, LoraError);
    const shards = new Map<string, SafetensorsFile>();
    try {
      for (const name of new Set(places?.values() ?? [basename(file)]))
        shards.set(name, await SafetensorsFile.open(join(dirname(file), name)));
      const held = new Map([...shards].map(([name, { header }]) => [name, header.tensors]));
      for (const place of places ?? []) checkShard(fn, place, held, LoraError);
    } catch (error) {
      await closeAll(shards);
      throw error;
    }
    return new BaseModel(dirname(file), shards, index, index !== null || file !== path, await configIn(dirname(file)));
  }

  /** A tensor's bytes as they are. */
  chunks(name: string): AsyncIterable<Uint8Array> {
    return this.shardOf(name).chunks(name);
  }

  read(name: string): Promise<SafetensorsTensor> {
    return this.shardOf(name).read(name);
  }

  readRows(name: string, from: number, to: number): Promise<SafetensorsTensor> {
    return this.shardOf(name).readRows(name, from, to);
  }

  private shardOf(name: string): SafetensorsFile {
    return [...this.shards.values()].find(({ header }) => header.tensors.has(name)) as SafetensorsFile;
  }

  /**
   * Writes the model with some tensors changed, in the same number of files. For a folder, `out` is a folder and gets
   * the small files too. All of it appears at once or not at all.
   *
   * @param onTensor called after each tensor
   * @returns names of the small files
   */
  async write(fn: string, out: string, changes: Changes, onTensor: (count: number) => void): Promise<string[]> {
    if (!this.isFolder) {
      const [shard] = this.shards.values();
      await writeShard(out, shard, changes, onTensor);
      return [];
    }
    await checkFree(fn, out);
    const beside = `${out}.${platform().uuid()}.part`;
    await mkdir(beside, { recursive: true });
    try {
      for (const [name, shard] of this.shards) await this.writeInto(beside, name, shard, changes, onTensor);
      if (this.index) await writeFile(join(beside, this.index), await this.indexWith(changes.addition));
      const companions = await copyCompanions(this.folder, beside);
      if (changes.config !== null) await writeFile(join(beside, CONFIG), changes.config);
      await rmdir(out).catch(() => undefined);
      await rename(beside, out);
      return companions;
    } catch (error) {
      await rm(beside, { recursive: true, force: true });
      throw error;
    }
  }

  private async writeInto(
    folder: string,
    name: string,
    shard: SafetensorsFile,
    changes: Changes,
    onTensor: (count: number) => void,
  ): Promise<void> {
    const { tensors } = shard.header;
    if ([...tensors.keys()].some((tensor) => changes.tensors.has(tensor) || changes.addition?.like === tensor))
      return writeShard(join(folder, name), shard, changes, onTensor);
    await copyFile(join(this.folder, name), join(folder, name));
    onTensor(tensors.size);
  }

  /** The index as it is, but for a tensor that comes to it. */
  private async indexWith(addition: Addition | null): Promise<string | Uint8Array> {
    const bytes = await readFile(join(this.folder, this.index as string));
    if (!addition) return bytes;
    const index = parseJson(new TextDecoder().decode(bytes)) as Index;
    const { begin, end } = this.tensors.get(addition.like)!;
    const size = index.metadata?.total_size;
    const metadata = typeof size === "number" ? { ...index.metadata, total_size: size + end - begin } : index.metadata;
    const places = { ...index.weight_map, [addition.name]: index.weight_map[addition.like] };
    return `${JSON.stringify({ ...index, metadata, weight_map: places }, null, 2)}\n`;
  }

  close(): Promise<void> {
    return closeAll(this.shards);
  }
}

/**
 * Returns the index if it exists, else the file with all weights. Without either it returns the index, so that the
 * error names it.
 */
async function weightsIn(folder: string): Promise<string> {
  const holds = (name: string): Promise<boolean> =>
    access(join(folder, name)).then(
      () => true,
      () => false,
    );
  const isWhole = !(await holds(INDEX)) && (await holds(SINGLE));
  return join(folder, isWhole ? SINGLE : INDEX);
}

async function closeAll(shards: ReadonlyMap<string, SafetensorsFile>): Promise<void> {
  await Promise.all([...shards.values()].map((shard) => shard.close()));
}

function writeShard(
  path: string,
  shard: SafetensorsFile,
  { tensors: changed, addition }: Changes,
  onTensor: (count: number) => void,
): Promise<void> {
  const { metadata, tensors } = shard.header;
  const like = addition && tensors.get(addition.like);
  const written = new Map(like ? [...tensors, [addition.name, like] as const] : tensors);
  const bytes = async function* (name: string): AsyncGenerator<Uint8Array> {
    if (name === addition?.name) yield* addition.bytes();
    else yield* changed.get(name)?.() ?? shard.chunks(name);
    onTensor(1);
  };
  return streamSafetensors(path, written, bytes, metadata);
}

/** The part of an index that changes. */
interface Index {
  weight_map: Record<string, string>;
  metadata?: Record<string, unknown>;
}

async function configIn(folder: string): Promise<object | null> {
  try {
    const config = parseJson(await readFile(join(folder, CONFIG), "utf8"));
    return typeof config === "object" ? config : null;
  } catch {
    return null;
  }
}

async function checkFree(fn: string, out: string): Promise<void> {
  const found = await readdir(out).catch((error: SystemError) => (error.code === "ENOENT" ? [] : null));
  if (found === null || found.length > 0)
    throw new LoraError(fn, "where the base is a folder or has shards, out must be a folder that is new or empty", out);
}
