/** Models in several safetensors files with an index, as transformers writes them. */
import { checkArguments } from "../rules/arguments";
import { isRecord, parseJson } from "../rules/json-text";
import { platform } from "../platform";
import { existsSync, mkdir, readPlainFile, rename, rm, writeFile } from "../platform/files";
import { basename, dirname, join } from "../platform/path";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import type { SystemError } from "../platform/types";
import type { RuleError } from "../rules/rule-error";
import { SafetensorsError } from "./header";
import { readSafetensors, type Safetensors, writeSafetensors } from "./safetensors";
import type { SafetensorsTensor } from "./tensor";

const READ = "safetensors.readSharded";
const WRITE = "safetensors.writeSharded";
const SINGLE = ".safetensors";

/** End of the name of an index. */
export const INDEX = ".safetensors.index.json";

/** Class of the caller's errors. */
type Failure = new (where: string, rule: string, received: unknown) => RuleError;

/**
 * Reads an index: the file of each tensor. Files lie beside the index; no name leads elsewhere.
 *
 * @throws the error of the class given for a file that is no index
 */
export async function readShardIndex(fn: string, path: string, Failure: Failure): Promise<Map<string, string>> {
  const places = weightMap(await textOf(fn, path, Failure));
  if (places === null) throw new Failure(fn, "the index of shards must be JSON with a weight_map of tensors", path);
  for (const name of places.values())
    if (typeof name !== "string" || !/^[\w.-]+\.safetensors$/.test(name))
      throw new Failure(fn, "the index must name safetensors files beside itself", name);
  return places as Map<string, string>;
}

async function textOf(fn: string, path: string, Failure: Failure): Promise<string> {
  const bytes = await readPlainFile(path).catch((error: SystemError) => {
    throw new Failure(fn, `the index cannot be read (${error.code})`, path);
  });
  if (bytes === null) throw new Failure(fn, "the index must be a file, not a pipe or device", path);
  return new TextDecoder().decode(bytes);
}

function weightMap(text: string): Map<string, unknown> | null {
  try {
    const { weight_map: map } = parseJson(text) as { weight_map: unknown };
    const isMap = isRecord(map);
    return isMap && Object.keys(map).length ? new Map<string, unknown>(Object.entries(map)) : null;
  } catch {
    return null;
  }
}

/**
 * Checks that the file which an index names for a tensor, and no other, holds it.
 *
 * @param shards names of the tensors in each file
 * @throws the error of the class given
 */
export function checkShard(
  fn: string,
  [tensor, name]: readonly [tensor: string, file: string],
  shards: ReadonlyMap<string, ReadonlyMap<string, unknown>>,
  Failure: Failure,
): void {
  const holders = [...shards].filter(([, tensors]) => tensors.has(tensor)).map(([shard]) => shard);
  if (holders.join() !== name) throw new Failure(fn, `${tensor} must be in ${name} and in no other shard`, holders);
}

/**
 * Reads a model's tensors from all of its shards. The metadata are those of the first.
 *
 * @param path the index, `model.safetensors.index.json`
 * @throws SafetensorsError for an index or shard that breaks the format, or a tensor in another place than the index says
 */
export async function readSharded(path: string): Promise<Safetensors> {
  const places = await readShardIndex(READ, path, SafetensorsError);
  const files = new Map<string, Safetensors>();
  for (const name of new Set(places.values())) files.set(name, await readSafetensors(join(dirname(path), name)));
  const shards = new Map([...files].map(([name, { tensors }]) => [name, tensors]));
  for (const place of places) checkShard(READ, place, shards, SafetensorsError);
  const stray = [...shards.values()].flatMap((one) => [...one.keys()]).filter((name) => !places.has(name));
  if (stray.length) throw new SafetensorsError(READ, "the index must name every tensor of its shards", stray);
  const [{ metadata }] = files.values();
  return { tensors: new Map([...shards.values()].flatMap((one) => [...one])), metadata };
}

/** Options of {@link writeSharded}. */
export interface WriteShardedOptions {
  /** Largest number of bytes of the tensors in one file; a larger tensor has a file for itself. Default: no limit. */
  maxShardBytes?: number;
  /** Metadata of every file. Default: none. */
  metadata?: Record<string, string>;
}

const NAMES: OptionNames<WriteShardedOptions> = { maxShardBytes: true, metadata: true };

/**
 * Writes a model's tensors to `path`, or where they are larger than allowed to files `…-00001-of-00003.safetensors` beside it, cut as
 * transformers cuts them, with the index `….safetensors.index.json`. All files are whole before any takes its place, the
 * index last; those of an earlier model at the same place that are no longer part of it are removed.
 *
 * @param path a name that ends in `.safetensors`
 * @returns the file to read, which is `path` or the index
 * @throws SafetensorsError for another name, a bad limit or an unknown option
 */
export async function writeSharded(
  path: string,
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  options: WriteShardedOptions = {},
): Promise<string> {
  checkArguments("safetensors.writeSharded", SafetensorsError, { path }, { path: "string" });
  checkOptionNames(WRITE, options, NAMES, SafetensorsError);
  const { maxShardBytes = Infinity, metadata = {} } = options;
  if (!path.endsWith(SINGLE)) throw new SafetensorsError(WRITE, `the name must end in ${SINGLE}`, path);
  if (!(maxShardBytes > 0)) throw new SafetensorsError(WRITE, "maxShardBytes must be above 0", maxShardBytes);
  const parts = shardsOf(tensors, maxShardBytes);
  const index = `${path.slice(0, -SINGLE.length)}${INDEX}`;
  const before = existsSync(index) ? await ownShards(index) : [];
  const written = parts.length > 1 ? await writeParts(path, index, parts, metadata) : [];
  if (parts.length > 1) await rm(path, { force: true });
  else {
    await writeSafetensors(path, tensors, metadata);
    await rm(index, { force: true });
  }
  for (const name of before.filter((one) => !written.includes(one)))
    await rm(join(dirname(path), name), { force: true });
  return parts.length > 1 ? index : path;
}

type Part = Map<string, SafetensorsTensor>;

/** Cuts tensors in their order into parts (`split_torch_state_dict_into_shards` of huggingface_hub). */
function shardsOf(tensors: ReadonlyMap<string, SafetensorsTensor>, most: number): Part[] {
  const parts: Part[] = [];
  let [open, bytes]: [Part, number] = [new Map(), 0];
  for (const [name, tensor] of tensors) {
    const { byteLength } = tensor.data;
    if (byteLength > most) {
      parts.push(new Map([[name, tensor]]));
      continue;
    }
    if (bytes + byteLength > most) {
      parts.push(open);
      [open, bytes] = [new Map(), 0];
    }
    open.set(name, tensor);
    bytes += byteLength;
  }
  return open.size || !parts.length ? [...parts, open] : parts;
}

/** Writes parts and their index. Returns the names of the parts. */
async function writeParts(
  path: string,
  index: string,
  parts: readonly Part[],
  metadata: Record<string, string>,
): Promise<string[]> {
  const stem = basename(path, SINGLE);
  const number = (n: number): string => String(n).padStart(5, "0");
  const names = parts.map((_, i) => `${stem}-${number(i + 1)}-of-${number(parts.length)}${SINGLE}`);
  const places = parts.flatMap((part, i) => [...part.keys()].map((name): [string, string] => [name, names[i]]));
  const bytes = parts.flatMap((part) => [...part.values()]).reduce((sum, { data }) => sum + data.byteLength, 0);
  const content = { metadata: { total_size: bytes }, weight_map: Object.fromEntries(places) };
  const beside = `${path}.${platform().uuid()}.part`;
  await mkdir(beside, { recursive: true });
  try {
    for (const [i, part] of parts.entries()) await writeSafetensors(join(beside, names[i]), part, metadata);
    await writeFile(join(beside, "index"), `${JSON.stringify(content, null, 2)}\n`, { flush: true });
    for (const name of names) await rename(join(beside, name), join(dirname(path), name));
    await rename(join(beside, "index"), index);
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
  return names;
}

/** Returns the shards of an index that `writeSharded` may have written; of any other file none. */
async function ownShards(index: string): Promise<string[]> {
  const stem = basename(index, INDEX);
  const names = await readShardIndex(WRITE, index, SafetensorsError).then(
    (places) => [...new Set(places.values())],
    () => [],
  );
  return names.filter((name) => name.startsWith(`${stem}-`) && /-\d{5}-of-\d{5}\.safetensors$/.test(name));
}
