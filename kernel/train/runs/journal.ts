import { checkOptionNames } from "../../rules/option-names";
import { platform } from "../../platform";
import { mkdir } from "../../platform/files";
import { join } from "../../platform/path";
import { RunRecord } from "../../protocol/training/record";
import { planOf, shortLabel, stepOf } from "../../protocol/training/told";
import { TrainError } from "../error";
import type { TrainingPlan } from "./plan";
import type { StepReport, TrainingEnd } from "./report";
import { isDeeper, MAX_DEPTH, RUN_FILE, type RunFile, runFile, writeRunFile } from "./run-file";
import { TensorBoard } from "./tensorboard";
import { isRecord } from "../../rules/json-text";

/** Record of a run that {@link runs} reads. */
export interface RunLog {
  /** Folder of many runs; each is one file in it. */
  folder: string;
  /** Name of the run in tables and legends. Default: that of the control, or its time. */
  name?: string;
  /** Settings to compare runs by: a plain object that JSON can hold, at most 64 KB and 32 levels. Default: none. */
  config?: Readonly<Record<string, unknown>>;
}

const FN = "train.fit";
const MAX_CONFIG = 1 << 16;
/** Least time between two writes of a run's file during it. */
const WRITE_EVERY_MS = 5000;
/** Largest share of the run's time that writing may take. */
const WRITE_SHARE = 0.02;
/** Points that each curve keeps. */
const POINTS = 256;

/** Facts of a run that do not change. */
export type RunFacts = Pick<RunFile, "seed" | "clipNorm" | "trained">;

/** Everything that a training writes about itself: the record of its run, and TensorBoard's event file. */
export class Journal {
  private isBroken = false;

  private constructor(
    private readonly run: RunWriter | null,
    private readonly tensorboard: TensorBoard | null,
  ) {}

  /**
   * Opens the files that the options name.
   *
   * @throws TrainError for bad options
   * @throws FileError for a folder that cannot be written
   */
  static async open(
    { log, tensorboard, name }: { log?: RunLog; tensorboard?: string; name: string },
    plan: TrainingPlan,
    facts: RunFacts,
  ): Promise<Journal> {
    const run = log === undefined ? null : await RunWriter.open(log, name, facts);
    const events = tensorboard === undefined ? null : await TensorBoard.open(tensorboard);
    // Nobody would end the record of a run whose other file cannot be opened.
    run?.began(plan);
    return new Journal(run, events);
  }

  /** Adds a step. */
  stepped(report: StepReport): Promise<void> {
    return this.attempt(async () => {
      this.run?.stepped(report);
      await this.tensorboard?.write(report);
    });
  }

  /** Writes the end. */
  ended(how: TrainingEnd, message = ""): Promise<void> {
    return this.attempt(async () => {
      this.run?.ended(how, message);
      await this.tensorboard?.flush();
    });
  }

  /** Writes, or warns once and writes no more: a disk that is full must not end a training that has begun. */
  private async attempt(write: () => Promise<void>): Promise<void> {
    if (this.isBroken) return;
    try {
      await write();
    } catch (error) {
      this.isBroken = true;
      console.warn(`${FN}: the log of this run ends here: ${(error as Error).message}`);
    }
  }
}

/** Writes the file of one run. */
class RunWriter {
  private readonly record: RunRecord;
  private nextWrite = 0;

  private constructor(
    private readonly path: string,
    name: string,
    private readonly facts: RunFacts & Pick<RunFile, "started" | "config">,
  ) {
    this.record = new RunRecord(shortLabel(name));
  }

  static async open(log: RunLog, controlName: string, facts: RunFacts): Promise<RunWriter> {
    checkOptionNames(`${FN} (log)`, log, { folder: true, name: true, config: true }, TrainError);
    const { folder, name = controlName, config = {} } = log;
    if (typeof folder !== "string" || !folder) throw new TrainError(FN, "log needs a folder of runs", folder);
    if (typeof name !== "string") throw new TrainError(FN, "the name of a log must be text", name);
    const started = new Date().toISOString();
    const id = `${started.replace(/[-:]|\.\d+Z$/g, "").replace("T", "-")}-${platform().uuid().slice(0, 8)}`;
    await mkdir(folder, { recursive: true });
    const path = join(folder, `${id}${RUN_FILE}`);
    return new RunWriter(path, name || id, { ...facts, started, config: plainConfig(config) });
  }

  began(plan: TrainingPlan): void {
    this.record.apply({ kind: "began", plan: planOf(plan) });
    this.record.apply({ kind: "changed", state: "running", message: "" });
    this.write();
  }

  stepped(report: StepReport): void {
    this.record.apply({ kind: "stepped", step: stepOf(report, []) });
    if (performance.now() >= this.nextWrite) this.write();
  }

  ended(how: TrainingEnd, message: string): void {
    this.record.apply({ kind: "changed", state: how, message: message.slice(0, 4000) });
    this.write();
  }

  private write(): void {
    const start = performance.now();
    const { process } = platform();
    const updated = new Date().toISOString();
    const run = this.record.save(POINTS, 0);
    writeRunFile(this.path, runFile({ ...this.facts, updated, process, run }));
    const now = performance.now();
    this.nextWrite = now + Math.max(WRITE_EVERY_MS, (now - start) / WRITE_SHARE);
  }
}

/** Returns settings as JSON has them. */
function plainConfig(config: Readonly<Record<string, unknown>>): Record<string, unknown> {
  if (!isRecord(config)) throw new TrainError(FN, "the config of a log must be a plain object", config);
  let json: string;
  try {
    json = JSON.stringify(config);
  } catch (error) {
    throw new TrainError(FN, `the config of a log must be JSON (${(error as Error).message})`, config);
  }
  if (json.length > MAX_CONFIG)
    throw new TrainError(FN, `the config of a log has at most ${MAX_CONFIG} characters`, json.length);
  const plain = JSON.parse(json) as Record<string, unknown>;
  if (isDeeper(plain, MAX_DEPTH))
    throw new TrainError(FN, `the config of a log must have at most ${MAX_DEPTH} levels`, plain);
  return plain;
}
