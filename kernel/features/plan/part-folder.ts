/**
 * Folders of a plan's parts. A worker writes a part into a folder that has its own name, and then renames that folder to the
 * part's: a move that either puts the whole part in place or fails because another worker was first. There is nothing to lock,
 * so folders shared by machines that cannot lock serve as well.
 */
import { parseJson } from "../../rules/json-text";
import { platform, sha256Of } from "../../platform";
import { mkdir, readdir, readFile, rename, replaceFile, rm, stat, writeFile } from "../../platform/files";
import { dirname, join } from "../../platform/path";
import type { SystemError } from "../../platform/types";
import { FeatureError } from "../error";
import type { FileSum } from "../intact";
import type { ExtractionPlan } from "./plan";

/** Content of a part, written last into its folder. */
export interface PartRecord {
  version: 1;
  /** Hash of the plan. */
  plan: string;
  part: number;
  /** Number of pictures that were there. */
  pictures: number;
  /** Number of pictures with features. */
  ok: number;
  skipped: number;
  /** Number of skipped pictures by reason. */
  reasons: Record<string, number>;
  /** Sizes and checksums of the part's files by name. */
  files: Record<string, FileSum>;
  /** Circumstances of the work; all else is equal when one part is made twice on one kind of machine. */
  took: {
    seconds: number;
    /** Seconds in which the model waited for pictures. */
    waited: number;
    host: string;
  };
}

/** Failure of the last try at a part. */
export interface PartFailure {
  part: number;
  reason: string;
  host: string;
}

/** State of a part in its folder. */
export type PartState =
  | { state: "whole"; record: PartRecord; finishedMs: number }
  | { state: "missing" }
  | { state: "damaged"; reason: string };

/** Name of a part's record in its folder. */
export const RECORD = "part.json";

/** Parts in a folder of parts: few enough for a folder to be listed at once. */
export const GROUP = 1000;

/** Name of a part, which is also its place in the order of names. */
export const partName = (part: number): string => String(part).padStart(9, "0");

/** Returns the folder of a group of parts. */
export const groupFolder = (plan: ExtractionPlan, group: number): string =>
  join(plan.folder, String(group).padStart(6, "0"));

/** Returns the folder of a part. */
export const partFolder = (plan: ExtractionPlan, part: number): string =>
  join(groupFolder(plan, Math.floor(part / GROUP)), partName(part));

const failurePath = (plan: ExtractionPlan, part: number): string => `${partFolder(plan, part)}.failed.json`;

/** Looks at a part: its record, and the sizes of its files. */
export async function stateOf(plan: ExtractionPlan, part: number): Promise<PartState> {
  return stateIn(plan, part, partFolder(plan, part));
}

async function stateIn(plan: ExtractionPlan, part: number, folder: string): Promise<PartState> {
  const path = join(folder, RECORD);
  const found = await there(() => Promise.all([readFile(path, "utf8"), stat(path)]), path);
  if (!found) {
    const isThere = await there(() => stat(folder), folder);
    return isThere ? { state: "damaged", reason: `${RECORD} is missing` } : { state: "missing" };
  }
  const [text, { mtimeMs: finishedMs }] = found;
  const record = parseRecord(text);
  if (!record) return { state: "damaged", reason: `${RECORD} is no record of a part` };
  if (record.plan !== plan.hash || record.part !== part)
    return { state: "damaged", reason: "it belongs to another plan or part" };
  for (const [name, { bytes }] of Object.entries(record.files)) {
    const path = join(folder, name);
    const found = await there(() => stat(path), path);
    if (!found) return { state: "damaged", reason: `${name} is missing` };
    if (found.size !== bytes) return { state: "damaged", reason: `${name} has ${found.size} of ${bytes} bytes` };
  }
  return { state: "whole", record, finishedMs };
}

/** Codes of a path that leads to nothing, or to a folder in place of a file. */
const ABSENT = ["ENOENT", "ENOTDIR", "EISDIR"];

/**
 * Returns what a look at a path gives; null where nothing is there.
 *
 * @throws FeatureError for a disk that does not answer: its parts are neither missing nor damaged, and none may be taken away
 */
export async function there<T>(look: () => Promise<T>, path: string): Promise<T | null> {
  try {
    return await look();
  } catch (error) {
    const { code = String(error) } = error as SystemError;
    if (ABSENT.includes(code)) return null;
    throw new FeatureError("features.status", `the plan's folder must be one that can be read (${code})`, path);
  }
}

/** Tests for a name that stays inside its folder. */
const isPlain = (name: string): boolean => /^[\w.-]+$/.test(name) && !name.startsWith(".");

/** Returns the checksum of a record's content. The time that the part took does not count, because it differs between two makings. */
const sumOfContent = (content: Omit<PartRecord, "took">): string => sha256Of(JSON.stringify(content));

/** Text of a record with its checksum, so that a changed count is found as well as a changed file. */
function textOf(record: PartRecord): string {
  const { took, ...content } = record;
  return `${JSON.stringify({ ...content, sha256: sumOfContent(content), took }, null, 2)}\n`;
}

function parseRecord(text: string): PartRecord | null {
  try {
    const { sha256, took, ...content } = Object(parseJson(text)) as PartRecord & { sha256: string };
    if (sha256 !== sumOfContent(content)) return null;
    const record: PartRecord = { ...content, took };
    const counts = [record.part, record.pictures, record.ok, record.skipped];
    const sums = Object.entries(record.files);
    const isSum = ([name, { bytes, sha256 }]: [string, FileSum]): boolean =>
      isPlain(name) && Number.isSafeInteger(bytes) && typeof sha256 === "string";
    const isWhole = record.version === 1 && counts.every(Number.isSafeInteger) && sums.every(isSum);
    return isWhole && typeof record.took.seconds === "number" ? record : null;
  } catch {
    return null;
  }
}

/** Folder of one worker's try at a part. */
export class PartAttempt {
  private constructor(
    private readonly plan: ExtractionPlan,
    private readonly part: number,
    readonly folder: string,
  ) {}

  /** Makes the folder of a try, and removes those of processes of this machine that have ended. */
  static async begin(plan: ExtractionPlan, part: number): Promise<PartAttempt> {
    const group = dirname(partFolder(plan, part));
    await mkdir(group, { recursive: true });
    await removeDead(group, part);
    const { host, pid } = platform().process;
    const own = `${partName(part)}.${plainHost(host)}.${pid}.${platform().uuid()}.part`;
    await mkdir(join(group, own), { recursive: true });
    return new PartAttempt(plan, part, join(group, own));
  }

  /**
   * Puts the part in its place.
   *
   * @returns false where another worker was first; nothing of this try is left then
   */
  async commit(record: PartRecord): Promise<boolean> {
    await writeFile(join(this.folder, RECORD), textOf(record), { flush: true });
    const place = partFolder(this.plan, this.part);
    try {
      await rename(this.folder, place);
    } catch (error) {
      const { state } = await stateOf(this.plan, this.part);
      await this.abandon();
      if (state !== "whole") throw error;
      return false;
    }
    await rm(failurePath(this.plan, this.part), { force: true });
    return true;
  }

  /** Removes the folder. */
  async abandon(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

const plainHost = (host: string): string => host.replace(/[^\w-]/g, "-");

/** Tests for the name of a try at a part, and returns its process. */
export function attemptOf(name: string): { part: number; host: string; pid: number } | null {
  const [, part, host, pid] = /^(\d{9})\.([\w-]+)\.(\d+)\.[\w-]+\.part$/.exec(name) ?? [];
  return part === undefined ? null : { part: Number(part), host, pid: Number(pid) };
}

/**
 * Removes the files that workers of any machine left beside whole parts: tries, damaged parts and old failures. A worker that is
 * still at such a part finds it whole when it ends.
 *
 * @param names those in the folder of the group
 */
export async function removeLeft(
  group: string,
  names: readonly string[],
  isWhole: (part: number) => boolean,
): Promise<void> {
  for (const name of names) {
    const [, part] = /^(\d{9})\..*(?:part|damaged|failed\.json)$/.exec(name) ?? [];
    if (part !== undefined && isWhole(Number(part))) await rm(join(group, name), { recursive: true, force: true });
  }
}

async function removeDead(group: string, part: number): Promise<void> {
  const { host, pid } = platform().process;
  for (const name of await readdir(group)) {
    const attempt = attemptOf(name);
    if (attempt?.part !== part || attempt.host !== plainHost(host)) continue;
    const isAlive = attempt.pid === pid || platform().isAlive(attempt.pid);
    if (!isAlive) await rm(join(group, name), { recursive: true, force: true });
  }
}

/**
 * Takes a damaged part out of its place. Another worker may have made it anew since it was looked at: then it is put back.
 */
export async function setAside(plan: ExtractionPlan, part: number): Promise<void> {
  const place = partFolder(plan, part);
  const aside = `${place}.${platform().uuid()}.damaged`;
  const isMoved = await rename(place, aside).then(
    () => true,
    (error: SystemError) => {
      if (error.code === "ENOENT") return false;
      throw error;
    },
  );
  if (!isMoved) return;
  const { state } = await stateIn(plan, part, aside);
  const isBack =
    state === "whole" &&
    (await rename(aside, place).then(
      () => true,
      () => false,
    ));
  if (!isBack) await rm(aside, { recursive: true, force: true });
}

/** Keeps the reason why a part was not made, until it is. A disk without room for it is no further failure. */
export async function keepFailure(plan: ExtractionPlan, part: number, reason: string): Promise<void> {
  const failure: PartFailure = { part, reason, host: platform().process.host };
  const path = failurePath(plan, part);
  await replaceFile(path, (beside) => writeFile(beside, `${JSON.stringify(failure)}\n`)).catch(() => {});
}

/** Reads a failure; null for any other file. */
export async function readFailure(path: string): Promise<PartFailure | null> {
  try {
    const { part, reason, host } = Object(parseJson(await readFile(path, "utf8"))) as PartFailure;
    return Number.isSafeInteger(part) && typeof reason === "string" ? { part, reason, host: String(host) } : null;
  } catch {
    return null;
  }
}
