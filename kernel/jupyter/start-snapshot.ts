/**
 * The session's start-up snapshot: a file with Node's heap in which the compiler is warm, so that a session need not load and
 * warm it again. It is made at installation, or in the background after a start without one, and kept in the user's cache.
 *
 * It is used only by the Node, flags and files that it was made with: a manifest beside it lists the files that the heap
 * holds, with their sizes and times. Blob and manifest are written beside their places and moved there, the manifest last.
 * Where something is missing or wrong, the session starts as it would without a snapshot.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import {
  chmodSync,
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { constants, setPriority } from "node:os";
import { basename, dirname, join } from "node:path";
import { cachedDataVersionTag } from "node:v8";
import { cacheFolder } from "./cache-folder";
import { makeFolder } from "./make-folder";

/** A file that the heap holds. */
type Held = [path: string, size: number, mtimeMs: number];

interface Manifest {
  /** Facts that must be the same besides the files. */
  key: string;
  /** Name of the blob beside the manifest; empty where none could be made. */
  blob: string;
  size: number;
  held: Held[];
}

const SESSION = join(__dirname, "..", "session", "node");
export const SESSION_MAIN: string = join(SESSION, "main.js");
const CONTENT = join(SESSION, "snapshot.js");
const MAKER = join(__dirname, "make-snapshot.js");
const PACKAGE = join(__dirname, "..", "..", "package.json");
/** The compiler leaves much short-lived memory: a smaller young generation saves 15 MB and costs no time. */
const FLAGS = ["--disable-warning=ExperimentalWarning", "--max-semi-space-size=8"];
/** Longest run of a process that makes or tries a snapshot. */
const RUN_MS = 300_000;
/** A maker that has not ended after this time was killed. */
const MAKER_MS = 3 * RUN_MS;
/** Time after which a Node that could make none tries again: memory or disk may have been short. */
const REFUSED_MS = 86_400_000;
/** Time after a start at which the background work begins. */
const LATER_MS = 4_000;

/** Returns the flags of Node for a session, which a snapshot must have been made with. */
export function sessionFlags(): string[] {
  return [...process.execArgv, ...FLAGS];
}

/** Returns the snapshot for the next session, or `undefined` where it must start without. */
export function usableSnapshot(): string | undefined {
  if (isOff()) return undefined;
  try {
    const { blob, size } = freshManifest() ?? NONE;
    const path = join(cacheFolder(), blob);
    return blob !== "" && statSync(path).size === size ? path : undefined;
  } catch {
    return undefined;
  }
}

/** Removes a snapshot that a session could not start from. */
export function discardSnapshot(path: string): void {
  rmSync(path, { force: true });
}

/** Makes a snapshot in the background, after a start that had none. */
export function makeSnapshotLater(): void {
  if (isOff() || isKnown()) return;
  setTimeout(() => {
    const maker = spawn(process.execPath, [...process.execArgv, MAKER], { detached: true, stdio: "ignore" });
    maker.on("error", () => undefined);
    maker.unref();
    if (maker.pid !== undefined) behindOthers(maker.pid);
  }, LATER_MS).unref();
}

/** Lets the notebooks' work go first. */
function behindOthers(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It has ended, or a policy forbids it.
  }
}

/** Makes the snapshot, unless there is a fresh one or another process is making it. Returns whether there is a usable one. */
export function makeSnapshot(): boolean {
  if (isOff()) return false;
  try {
    if (!isKnown()) making(writeSnapshot);
  } catch {
    // A read-only cache costs only the time.
  }
  return usableSnapshot() !== undefined;
}

const NONE = { blob: "", size: 0 };

const isOff = (): boolean => process.env["FOVEA_SNAPSHOT"] === "0";

/** Tells whether there is a usable snapshot, or none can be made. */
function isKnown(): boolean {
  return usableSnapshot() !== undefined || isRefused();
}

/** Tells whether this Node made none of the files as they are, not long ago. */
function isRefused(): boolean {
  try {
    return freshManifest()?.blob === "" && Date.now() - statSync(pathOf("json")).mtimeMs < REFUSED_MS;
  } catch {
    return false;
  }
}

/** Runs `body` unless another process is at it. */
function making(body: () => void): void {
  makeFolder(cacheFolder());
  const lock = pathOf("making");
  const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  if (age > MAKER_MS) rmSync(lock, { force: true });
  closeSync(openSync(lock, "wx", 0o600));
  try {
    body();
  } finally {
    rmSync(lock, { force: true });
  }
}

function writeSnapshot(): void {
  const folder = cacheFolder();
  const name = `${placeName()}-${randomUUID()}`;
  const beside = (ending: string): string => join(folder, `${name}.${ending}`);
  const [blob, script, list, manifest] = [beside("blob"), beside("js"), beside("list"), beside("json")];
  try {
    const key = keyOf();
    writeFileSync(script, scriptOf(list));
    const isMade = runs(blob, ["--build-snapshot", script]) && runs(blob, [SESSION_MAIN, "try"]);
    const held = (isMade ? (JSON.parse(readFileSync(list, "utf8")) as string[]) : [CONTENT]).map(heldFile);
    if (isMade) chmodSync(blob, 0o600);
    const made: Manifest = { key, blob: isMade ? basename(blob) : "", size: isMade ? statSync(blob).size : 0, held };
    writeFileSync(manifest, JSON.stringify(made), { mode: 0o600 });
    renameSync(manifest, pathOf("json"));
  } finally {
    removeOthers(folder, readManifest()?.blob);
    removeStale(folder);
  }
}

/** Node gives such a script no `exports`, and a `require` for Node's own modules only. */
function scriptOf(list: string): string {
  const [path, folder] = [CONTENT, dirname(CONTENT)].map((each) => JSON.stringify(each));
  return [
    `const exports = {}, text = require("node:fs").readFileSync(${path}, "utf8");`,
    `(0, eval)(require("node:module").wrap(text))(exports, require, { exports }, ${path}, ${folder});`,
    `exports.fillSnapshot(${JSON.stringify(list)});`,
  ].join("\n");
}

function runs(blob: string, args: readonly string[]): boolean {
  const flags = [...sessionFlags(), "--snapshot-blob", blob, ...args];
  return spawnSync(process.execPath, flags, { stdio: "ignore", timeout: RUN_MS, cwd: SESSION }).status === 0;
}

/** Removes earlier snapshots of this place, and the files of a killed maker. */
function removeOthers(folder: string, kept: string | undefined): void {
  const prefix = `${placeName()}-`;
  for (const file of readdirSync(folder))
    if (file.startsWith(prefix) && file !== kept) rmSync(join(folder, file), { force: true });
}

/**
 * Removes the snapshots of every place whose files have changed or gone since, as those of an installation that was removed, and
 * the files of makers that were killed. A session that starts from one has it open already, or starts without.
 */
export function removeStale(folder: string): void {
  const files = readdirSync(folder).filter((file) => /^session-[\da-f]{16}[.-]/.test(file));
  const kept = new Set(files.filter((file) => PLACE_MANIFEST.test(file)).flatMap((file) => keptOf(folder, file)));
  for (const file of files) {
    // A blob is older than its manifest: one that no manifest names yet may be in the making.
    if (kept.has(file) || (!PLACE_MANIFEST.test(file) && isYoung(join(folder, file)))) continue;
    removeUnlessHeld(join(folder, file));
  }
}

/** Manifest of a place; those in the making have more in their names. */
const PLACE_MANIFEST = /^session-[\da-f]{16}\.json$/;

/** Returns the names of a manifest and its blob; none where files that the heap holds have changed. */
function keptOf(folder: string, file: string): string[] {
  const manifest = manifestAt(join(folder, file));
  return Array.isArray(manifest?.held) && manifest.held.every(isUnchanged) ? [file, manifest.blob] : [];
}

function isYoung(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats !== undefined && Date.now() - stats.mtimeMs < MAKER_MS;
}

/** Windows keeps a file that another process has open; the next maker removes it. */
function removeUnlessHeld(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // It stays.
  }
}

/** Returns the manifest if it holds for this Node and the files as they are. */
function freshManifest(): Manifest | undefined {
  const manifest = readManifest();
  return manifest?.key === keyOf() && manifest.held.every(isUnchanged) ? manifest : undefined;
}

const readManifest = (): Manifest | undefined => manifestAt(pathOf("json"));

function manifestAt(path: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Manifest;
  } catch {
    return undefined;
  }
}

function heldFile(path: string): Held {
  const { size, mtimeMs } = statSync(path);
  return [path, size, mtimeMs];
}

function isUnchanged([path, size, mtimeMs]: Held): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats?.size === size && stats.mtimeMs === mtimeMs;
}

/** Returns the facts, besides the files, on which the validity of a snapshot depends. V8's tag stands for its version, its flags and the processor. */
function keyOf(): string {
  const { version } = JSON.parse(readFileSync(PACKAGE, "utf8")) as { version: string };
  const node = [process.version, process.arch, process.execPath, ...heldFile(process.execPath)];
  return digestOf([node, sessionFlags(), process.env["NODE_OPTIONS"], cachedDataVersionTag(), version]);
}

/** Returns the name of this installation's snapshot with this Node; a newer snapshot takes the place of the one before. */
function placeName(): string {
  return `session-${digestOf([SESSION, process.execPath, sessionFlags()]).slice(0, 16)}`;
}

const digestOf = (value: unknown): string => createHash("sha256").update(JSON.stringify(value)).digest("hex");

const pathOf = (ending: string): string => join(cacheFolder(), `${placeName()}.${ending}`);
