import { Described, DISPLAY, type DisplayBundle, tabulate } from "../../display/describe";
import { readdir } from "../../platform/files";
import { join } from "../../platform/path";
import { counted } from "../../protocol/core/words";
import type { RunState } from "../../protocol/status";
import type { SavedRun } from "../../protocol/training/payload";
import { RunRecord } from "../../protocol/training/record";
import { numberText } from "../../protocol/core/words";
import { durationText, latestNumbers } from "../../protocol/training/words";
import { TrainError } from "../error";
import { readRunFile, RUN_FILE, type RunFile } from "./run-file";

const FN = "train.runs";
/** Columns of settings, and of numbers, in the table. */
const MOST_COLUMNS = 8;
const LONGEST = 60;

/** Run of a training, as its file has it. `view.training` draws several over each other. */
export class StoredRun {
  /** Name of the file without its ending. */
  readonly id: string;
  /** Name that the log gave. */
  readonly name: string;
  /** State; `interrupted` also where the process was killed. */
  readonly state: RunState;
  /** Reason of a failure. */
  readonly message: string;
  /** Beginning. */
  readonly started: Date;
  /** Milliseconds in updates and validations. */
  readonly milliseconds: number;
  /** Number of updates over all stages. */
  readonly steps: number;
  readonly totalSteps: number;
  /** Device of tfjs. */
  readonly device: string;
  readonly seed: number;
  /** Number of values that some stage trains. */
  readonly trained: number;
  /** Settings of the author. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Latest numbers: `loss`, metrics, `validation accuracy` and so on. */
  readonly numbers: Readonly<Record<string, number>>;
  /** Curves and progress in plain data, for `view.training`. */
  readonly record: unknown;

  /** @internal */
  constructor(id: string, { run, started, seed, trained, config }: RunFile) {
    const { plan, progress } = run;
    this.id = id;
    this.name = run.name;
    this.state = run.state;
    this.message = run.message;
    this.started = new Date(started);
    this.milliseconds = progress?.milliseconds ?? 0;
    this.steps = progress?.step ?? plan?.step ?? 0;
    this.totalSteps = plan?.totalSteps ?? 0;
    this.device = plan?.device ?? "";
    this.seed = seed;
    this.trained = trained;
    this.config = config;
    this.numbers = Object.fromEntries(latestNumbers(RunRecord.load(run)));
    this.record = run;
  }

  /**
   * Returns a curve, thinned to at most 256 points.
   *
   * @param name `loss` or a metric
   * @param of numbers of the updates or of the validations
   * @returns steps `[N]` and values `[N]`; null where the run has no such curve
   */
  curve(name: string, of: "train" | "validation" = "train"): { steps: number[]; values: number[] } | null {
    const points = RunRecord.load(this.record as SavedRun)
      .curve(of, name)
      ?.points();
    return points ? { steps: points.map(({ step }) => step), values: points.map(({ value }) => value) } : null;
  }
}

/** Runs of a folder, oldest first. */
export class RunTable extends Described {
  constructor(
    /** Runs that could be read. */
    readonly runs: readonly StoredRun[],
    /** Files that are no runs or damaged, with the reason. */
    readonly damaged: readonly { file: string; reason: string }[],
  ) {
    super();
  }

  [DISPLAY](): DisplayBundle {
    const settings = differing(this.runs.map(settingsOf));
    const numbers = namesIn(this.runs.map((run) => run.numbers)).filter(
      (name) => !/^rate of |^gradient norm$/.test(name),
    );
    const shown = numbers.slice(0, MOST_COLUMNS);
    const head = ["run", "state", "started (UTC)", "time", "steps", "device", ...settings, ...shown, "note"];
    const rows = this.runs.map((run) => [
      run.name,
      run.state,
      run.started.toISOString().slice(0, 16).replace("T", " "),
      durationText(run.milliseconds),
      `${run.steps} of ${run.totalSteps}`,
      run.device,
      ...settings.map((name) => short(settingsOf(run)[name] ?? "")),
      ...shown.map((name) => (Object.hasOwn(run.numbers, name) ? numberText(run.numbers[name]) : "")),
      short(run.message),
    ]);
    const lost = this.damaged.map(({ file, reason }) => [
      file,
      "damaged",
      ...head.slice(3).map(() => ""),
      short(reason),
    ]);
    const lines = [...rows, ...lost].map((cells) => cells.map(legible));
    const bad = lost.length ? `, ${counted(lost.length, "damaged file")}` : "";
    return tabulate(`${counted(rows.length, "run")}${bad}`, head.map(legible), lines);
  }
}

/** Returns text from a file without characters that steer a terminal or turn the direction of writing. */
const legible = (text: string): string => text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, "\ufffd");

const short = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text);

/** Returns the settings of a run by name, as text. */
function settingsOf({ config, seed }: StoredRun): Record<string, string> {
  const own = Object.entries(config).map(([name, value]): [string, string] => [
    name,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return { seed: String(seed), ...Object.fromEntries(own) };
}

const namesIn = (all: readonly object[]): string[] => [...new Set(all.flatMap((one) => Object.keys(one)))];

/** Returns the names of settings in which runs differ: those that all share say nothing in a comparison. */
function differing(all: readonly Record<string, string>[]): string[] {
  return namesIn(all)
    .filter((name) => new Set(all.map((one) => one[name])).size > 1)
    .slice(0, MOST_COLUMNS);
}

/**
 * Reads the runs that trainings with a `log` left in a folder. Its display is a table with the settings in which they differ;
 * `view.training` draws up to eight over each other.
 *
 *     const { runs } = await train.runs("runs");
 *     view.training(runs.slice(-3))
 *
 * @throws TrainError for a folder that cannot be read; damaged files are named in the result
 */
export async function runs(folder: string): Promise<RunTable> {
  const files = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    throw new TrainError(FN, `the folder must be readable (${error.code})`, folder);
  });
  const [found, damaged]: [StoredRun[], { file: string; reason: string }[]] = [[], []];
  for (const file of files.filter((name) => name.endsWith(RUN_FILE)).sort()) {
    try {
      found.push(new StoredRun(file.slice(0, -RUN_FILE.length), await readRunFile(FN, join(folder, file))));
    } catch (error) {
      damaged.push({ file, reason: (error as Error).message });
    }
  }
  found.sort((a, b) => a.started.getTime() - b.started.getTime());
  return new RunTable(found, damaged);
}
