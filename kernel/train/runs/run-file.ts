import { parseJson } from "../../rules/json-text";
import { platform } from "../../platform";
import { readPlainFile, replaceFileSync, stat } from "../../platform/files";
import { number, object, oneOf, optional, type Reader, text } from "../../protocol/core/check";
import type { SavedRun } from "../../protocol/training/payload";
import { savedRun } from "../../protocol/training/read";
import { TrainError } from "../error";

/** End of the names of run files. */
export const RUN_FILE = ".run.json";
const FORMAT = "fovea-run-1";
/** Largest file that is read; one with 120 full curves has about 3 MB. */
const MAX_BYTES = 16 << 20;

/** A run as its file has it. */
export interface RunFile {
  format: typeof FORMAT;
  /** Beginning, as `2026-11-30T14:17:32.000Z`. */
  started: string;
  /** Last write of the file. */
  updated: string;
  /** Host and process that write it, to tell a killed one. */
  process: { host: string; pid: number };
  seed: number;
  clipNorm?: number;
  /** Number of values that some stage trains. */
  trained: number;
  /** Settings of the author. */
  config: Record<string, unknown>;
  run: SavedRun;
}

export const runFile = (facts: Omit<RunFile, "format">): RunFile => ({ format: FORMAT, ...facts });

/** Writes a run beside its place and moves it there, at once: the process may be about to end. */
export function writeRunFile(path: string, run: RunFile): void {
  replaceFileSync(path, `${JSON.stringify(run)}\n`);
}

/** Most levels of lists and objects in a run's settings. */
export const MAX_DEPTH = 32;

/** Tests whether a value has more levels of lists and objects than a number. */
export function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((one) => isDeeper(one, levels - 1));
}

const plainObject: Reader<Record<string, unknown>> = (value, path, where) => {
  object({})(value, path, where);
  if (isDeeper(value, MAX_DEPTH)) throw new TrainError(where, `${path} must have at most ${MAX_DEPTH} levels`, value);
  return value as Record<string, unknown>;
};

const time: Reader<string> = (value, path, where) => {
  const read = text(30)(value, path, where);
  if (Number.isNaN(Date.parse(read))) throw new TrainError(where, `${path} must be a time`, read);
  return read;
};

const reader = object<RunFile>({
  format: oneOf<typeof FORMAT>([FORMAT]),
  started: time,
  updated: time,
  process: object<RunFile["process"]>({ host: text(300), pid: number({ min: 0, integer: true }) }),
  seed: number(),
  clipNorm: optional(number()) as Reader<number>,
  trained: number({ min: 0 }),
  config: plainObject,
  run: savedRun,
});

/**
 * Reads a run.
 *
 * @throws TrainError or ProtocolError for any other file
 */
export async function readRunFile(fn: string, path: string): Promise<RunFile> {
  const { size } = await stat(path);
  if (size > MAX_BYTES) throw new TrainError(fn, `a run's file has at most ${MAX_BYTES} bytes`, size);
  const content = await textOf(fn, path);
  let value: unknown;
  try {
    value = parseJson(content);
  } catch (error) {
    throw new TrainError(fn, "a run's file must be JSON", error);
  }
  const read = reader(value, "", fn);
  const { state } = read.run;
  const isKilled = (state === "running" || state === "paused") && hasEnded(read.process);
  return isKilled ? { ...read, run: { ...read.run, state: "interrupted", message: "its process ended" } } : read;
}

/** Returns a file's text. A pipe or a device, which may never end, is refused. */
async function textOf(fn: string, path: string): Promise<string> {
  const bytes = await readPlainFile(path).catch((error: { code?: string }) => {
    throw new TrainError(fn, `a run's file must be readable (${error.code})`, path);
  });
  if (bytes) return new TextDecoder().decode(bytes);
  throw new TrainError(fn, "a run's file must be a plain one", path);
}

/** Tests whether a process of this machine is gone; of others nothing is known. */
function hasEnded({ host, pid }: RunFile["process"]): boolean {
  return host === platform().process.host && !platform().isAlive(pid);
}
