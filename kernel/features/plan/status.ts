import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { readdir, rm } from "../../platform/files";
import { join } from "../../platform/path";
import { FeatureError } from "../error";
import { sumOf } from "../intact";
import {
  attemptOf,
  GROUP,
  groupFolder,
  partFolder,
  type PartFailure,
  type PartState,
  readFailure,
  removeLeft,
  stateOf,
  there,
} from "./part-folder";
import { type ExtractionPlan, planOf } from "./plan";
import { patientBar } from "../../display/progress";

/** A part that is not as it was written. */
export interface DamagedPart {
  part: number;
  reason: string;
}

/** A part and the time that it took. */
export interface TimedPart {
  part: number;
  seconds: number;
  host: string;
}

/** Progress of a plan, as its files tell it. */
export interface PlanStatus {
  /** Number of parts of the plan. */
  parts: number;
  /** Number of parts that are whole. */
  whole: number;
  /** Number of parts without files. */
  missing: number;
  /** Ranges of the parts to make, missing or damaged, as `0-3,7`; the first 200. */
  todo: string;
  /** Number of parts that a worker has begun and not finished; a killed worker leaves its try behind. */
  begun: number;
  /** Number of parts whose last try failed, and the first 20 of them. */
  failures: { count: number; first: PartFailure[] };
  /** Number of damaged parts, and the first 20 of them. */
  damaged: { count: number; first: DamagedPart[] };
  /** Number of pictures of the whole parts. */
  pictures: number;
  ok: number;
  skipped: number;
  /** Number of skipped pictures by reason. */
  reasons: Record<string, number>;
  /**
   * Pictures a second of all workers over the last parts, by the times of their files: the one thing that clocks of machines which
   * disagree would move, where the disk does not set the times. Null before there are two parts.
   */
  rate: number | null;
  /** Seconds until all parts are whole at this rate; null where there is none. */
  secondsLeft: number | null;
  /** The five parts that took longest. */
  slowest: TimedPart[];
  /** Share of the workers' time in which the model waited for pictures. */
  waited: number;
}

/** Options of {@link status}. */
export interface StatusOptions {
  /** Called after each thousand parts. Default: a bar in a notebook, after two seconds. */
  onProgress?: (progress: { done: number; total: number }) => void;
  /** Stops between two parts. Default: none. */
  signal?: AbortSignal;
}

/** Options of {@link verify}. */
export interface VerifyOptions extends StatusOptions {
  /**
   * Remove damaged parts, so that they are made again, and the files that killed workers of any machine left beside whole parts.
   * Default false.
   */
  remove?: boolean;
}

const NAMES: OptionNames<StatusOptions> = { onProgress: true, signal: true };
const VERIFY_NAMES: OptionNames<VerifyOptions> = { onProgress: true, signal: true, remove: true };
const MOST_NAMED = 20;
const MOST_SLOW = 5;
const MOST_RANGES = 200;
/** Parts whose time of finishing counts for the rate. */
const RECENT = 64;
/** Parts that are looked at together. */
const TOGETHER = 32;

/** Keeps the first items and the number of all. */
class Named<T> {
  count = 0;
  readonly first: T[] = [];

  add(item: T): void {
    if (this.count++ < MOST_NAMED) this.first.push(item);
  }
}

/** Ranges of ascending numbers as text. */
class Ranges {
  private readonly done: string[] = [];
  private from = -1;
  private to = -2;

  add(number: number): void {
    if (number === this.to + 1) this.to = number;
    else {
      this.close();
      [this.from, this.to] = [number, number];
    }
  }

  get text(): string {
    this.close();
    this.to = -2;
    return this.done.join(",");
  }

  private close(): void {
    if (this.to < 0 || this.done.length >= MOST_RANGES) return;
    this.done.push(this.from === this.to ? String(this.from) : `${this.from}-${this.to}`);
  }
}

/** Sums over the parts; their size does not grow with the number of parts. */
class Tally {
  readonly counts = { whole: 0, missing: 0, begun: 0, pictures: 0, ok: 0, skipped: 0 };
  readonly failures = new Named<PartFailure>();
  readonly damaged = new Named<DamagedPart>();
  readonly todo = new Ranges();
  private readonly reasons: Record<string, number> = {};
  private slowest: TimedPart[] = [];
  private recent: { at: number; pictures: number }[] = [];
  private seconds = 0;
  private waitedSeconds = 0;

  add(part: number, found: PartState): void {
    if (found.state !== "whole") {
      this.todo.add(part);
      if (found.state === "missing") this.counts.missing++;
      else this.damaged.add({ part, reason: found.reason });
      return;
    }
    const { record, finishedMs } = found;
    const { counts } = this;
    counts.whole++;
    counts.pictures += record.pictures;
    counts.ok += record.ok;
    counts.skipped += record.skipped;
    for (const [reason, count] of Object.entries(record.reasons))
      this.reasons[reason] = (this.reasons[reason] ?? 0) + count;
    this.seconds += record.took.seconds;
    this.waitedSeconds += record.took.waited;
    this.slowest.push({ part, seconds: record.took.seconds, host: record.took.host });
    this.slowest = this.slowest.sort((a, b) => b.seconds - a.seconds).slice(0, MOST_SLOW);
    this.recent.push({ at: finishedMs, pictures: record.pictures });
    if (this.recent.length > 4 * RECENT) this.recent = this.newest();
  }

  private newest(): { at: number; pictures: number }[] {
    return this.recent.sort((a, b) => b.at - a.at).slice(0, RECENT);
  }

  /** Pictures a second between the oldest and the newest of the last parts. */
  private get rate(): number | null {
    const newest = this.newest();
    const milliseconds = newest.length > 1 ? newest[0].at - newest[newest.length - 1].at : 0;
    if (milliseconds <= 0) return null;
    return newest.slice(0, -1).reduce((sum, { pictures }) => sum + pictures, 0) / (milliseconds / 1000);
  }

  result(parts: number): PlanStatus {
    const { counts, failures, damaged, rate } = this;
    const left = counts.whole ? ((parts - counts.whole) * counts.pictures) / counts.whole : null;
    return {
      parts,
      whole: counts.whole,
      missing: counts.missing,
      todo: this.todo.text,
      begun: counts.begun,
      failures: { count: failures.count, first: failures.first },
      damaged: { count: damaged.count, first: damaged.first },
      pictures: counts.pictures,
      ok: counts.ok,
      skipped: counts.skipped,
      reasons: this.reasons,
      rate,
      secondsLeft: rate && left !== null ? left / rate : null,
      slowest: this.slowest,
      waited: this.seconds > 0 ? this.waitedSeconds / this.seconds : 0,
    };
  }
}

/**
 * Tells the progress of a plan from its files alone: which parts are whole, missing or damaged, what failed and why, the
 * rate and the time left. Sizes of files are compared, not their content, which {@link verify} reads. Memory does not grow with
 * the number of parts.
 *
 * @param plan a plan, or the path of its file
 * @throws FeatureError for a file that is no plan, or a folder that cannot be read
 */
export async function status(plan: ExtractionPlan | string, options: StatusOptions = {}): Promise<PlanStatus> {
  checkOptionNames("features.status", options, NAMES, FeatureError);
  return tallyOf(await planOf("features.status", plan), options, stateOf);
}

/**
 * Reads every file of every whole part and compares it with its checksum. {@link extractPart} takes a part of the right sizes
 * for whole; `remove` takes those away that hold other bytes.
 *
 * @param plan a plan, or the path of its file
 * @throws FeatureError for a file that is no plan, or a folder that cannot be read
 */
export async function verify(plan: ExtractionPlan | string, options: VerifyOptions = {}): Promise<PlanStatus> {
  checkOptionNames("features.verify", options, VERIFY_NAMES, FeatureError);
  const own = await planOf("features.verify", plan);
  if (!options.remove) return tallyOf(own, options, checkedState);
  return tallyOf(own, options, stateAfterRemoval, removeLeft);
}

async function checkedState(plan: ExtractionPlan, part: number): Promise<PartState> {
  const found = await stateOf(plan, part);
  if (found.state !== "whole") return found;
  for (const [name, { sha256 }] of Object.entries(found.record.files)) {
    const path = join(partFolder(plan, part), name);
    const now = await there(() => sumOf(path), path);
    if (now?.sha256 !== sha256) return { state: "damaged", reason: `${name} holds other bytes than were written` };
  }
  return found;
}

async function stateAfterRemoval(plan: ExtractionPlan, part: number): Promise<PartState> {
  const found = await checkedState(plan, part);
  if (found.state === "damaged") await rm(partFolder(plan, part), { recursive: true, force: true });
  return found;
}

type Look = (plan: ExtractionPlan, part: number) => Promise<PartState>;

async function tallyOf(
  plan: ExtractionPlan,
  { onProgress = patientBar("Checking", "parts"), signal }: StatusOptions,
  look: Look,
  tidy?: typeof removeLeft,
): Promise<PlanStatus> {
  const tally = new Tally();
  for (let from = 0; from < plan.parts; from += GROUP) {
    signal?.throwIfAborted();
    const to = Math.min(plan.parts, from + GROUP);
    await addGroup(plan, from, to, tally, { look, tidy, signal });
    onProgress({ done: to, total: plan.parts });
  }
  return tally.result(plan.parts);
}

/** Adds the parts of one group. Only those that have a folder are looked at. */
async function addGroup(
  plan: ExtractionPlan,
  from: number,
  to: number,
  tally: Tally,
  { look, tidy, signal }: { look: Look; tidy?: typeof removeLeft; signal?: AbortSignal },
): Promise<void> {
  const folder = groupFolder(plan, from / GROUP);
  const names = (await there(() => readdir(folder), folder)) ?? [];
  const present = new Set(names.filter((name) => /^\d{9}$/.test(name)).map(Number));
  const whole = new Set<number>();
  const begun = new Set(names.flatMap((name) => attemptOf(name)?.part ?? []));
  for (let start = from; start < to; start += TOGETHER) {
    signal?.throwIfAborted();
    const parts = Array.from({ length: Math.min(TOGETHER, to - start) }, (_, i) => start + i);
    const states = await Promise.all(
      parts.map((part) => (present.has(part) ? look(plan, part) : ({ state: "missing" } as const))),
    );
    parts.forEach((part, i) => tally.add(part, states[i]));
    states.forEach(({ state }, i) => state === "whole" && whole.add(parts[i]));
  }
  await tidy?.(folder, names, (part) => whole.has(part));
  tally.counts.begun += [...begun].filter((part) => !present.has(part)).length;
  for (const name of names.filter((one) => one.endsWith(".failed.json")).sort()) {
    const failure = await readFailure(join(folder, name));
    if (failure && !present.has(failure.part)) tally.failures.add(failure);
  }
}
