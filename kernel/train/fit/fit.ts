import { platform } from "../../platform";
import { existsSync } from "../../platform/files";
import { checkStarted, trainingDevice } from "../../backend/tfjs";
import { patientBar } from "../../display/progress";
import type { Parameter } from "../../nn/module/parameter";
import { manualSeed, sharedRandom } from "../../nn/module/random";
import { sum } from "../../numeric";
import { AdamW } from "../update/adamw";
import { hashOfHashes, type Progress, readCheckpoint, restoreParameters, writeCheckpoint } from "./checkpoint";
import { type TrainingControl, UnobservedControl } from "../runs/control";
import { NOTHING_SEEN, seen } from "./early-stop";
import { TrainError } from "../error";
import { type Evaluation, evaluationOf } from "./evaluation";
import { explained } from "./explain";
import { checkOptions, type FitOptions } from "./fit-options";
import { Journal } from "../runs/journal";
import { MemoryMeter } from "../runs/memory";
import { plannedGroups, type TrainingPlan } from "../runs/plan";
import type { Optimizer, ParameterGroup } from "../update/optimizer";
import { startRecomputing } from "./recompute";
import type { StepReport, TrainingEnd, TrainingResult } from "../runs/report";
import { hashParameters, planStage, type StagePlan, type StageReport } from "../update/stages";
import { update } from "../update/update";

/**
 * Trains a model through its stages. Each stage freezes all parameters outside its groups, verifies afterwards that
 * their bits are unchanged, and begins with a new optimizer. The event loop turns between updates, so that comm
 * messages arrive and an interrupt stops the training. At the end the model is in evaluation mode.
 *
 * @param onStep called and awaited after each update
 * @throws NotFiniteError for a loss or gradient that is not finite (the last checkpoint is kept)
 * @throws TrainError for a batch that a module cannot take, a device that no longer computes, a stage whose groups match nothing, a frozen parameter that changed, or a checkpoint of another training
 */
export async function fit<B>(
  options: FitOptions<B>,
  onStep?: (report: StepReport) => void | Promise<void>,
): Promise<TrainingResult> {
  const iterator = steps(options);
  for (;;) {
    const { value, done } = await iterator.next();
    if (done) return value;
    try {
      await onStep?.(value);
    } catch (error) {
      await iterator.throw(error);
    }
  }
}

/**
 * Runs {@link fit} as a loop: `for await (const report of train.steps(options))`. Leaving the loop ends the training
 * without a checkpoint.
 *
 * @throws TrainError for options that are no object
 */
export async function* steps<B>(options: FitOptions<B>): AsyncGenerator<StepReport, TrainingResult, void> {
  if (typeof options !== "object" || options === null)
    throw new TrainError("train.fit", "options must be an object", options);
  const control = options.control ?? new UnobservedControl(options.log?.name);
  let run: Run<B> | undefined;
  let end: [how: TrainingEnd, message?: string] = ["stopped", "its loop was left"];
  try {
    run = new Run(options, control);
    const result = yield* run.steps();
    end = [result.ended];
    return result;
  } catch (error) {
    end = failure(error);
    throw error;
  } finally {
    run?.end();
    control.end(...end);
    await run?.journal?.ended(...end);
  }
}

/** Distinguishes an interrupt by the name of the session's error, which is the same everywhere in Jupyter. */
function failure(error: unknown): [how: TrainingEnd, message: string] {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return name === "KeyboardInterrupt" ? ["interrupted", ""] : ["failed", message];
}

class Run<B> {
  private readonly plans: StagePlan[];
  private readonly lengths: number[];
  private readonly accumulate: number;
  private readonly wasTrainable: Map<string, boolean>;
  private optimizer: Optimizer | null = null;
  private progress: Progress;
  private last: StepReport | null = null;
  private spent = { steps: 0, milliseconds: 0 };
  private readonly memory = new MemoryMeter();
  private readonly showProgress: ReturnType<typeof patientBar> | null;
  private readonly device = trainingDevice() ?? "";
  /** Files about the run, once it began. */
  journal: Journal | null = null;
  private readonly endRecomputing: () => void;

  constructor(
    private readonly options: FitOptions<B>,
    private readonly control: TrainingControl,
  ) {
    checkStarted("train.fit");
    const { model, stages, data, accumulate = 1 } = options;
    checkOptions(options);
    this.accumulate = accumulate;
    const { progress = true } = options;
    this.showProgress = progress && !options.control ? patientBar("Training", "updates") : null;
    this.plans = stages.map((stage) => planStage(model, stage));
    this.lengths = stages.map(({ steps, epochs = 0 }) => steps ?? Math.ceil((epochs * data.length) / accumulate));
    this.wasTrainable = new Map([...model.namedParameters()].map(([name, { trainable }]) => [name, trainable]));
    this.progress = {
      step: 0,
      stage: 0,
      stageStep: 0,
      stages: [],
      earlyStop: NOTHING_SEEN,
      random: [],
      plan: this.describePlan(),
      frozen: "",
    };
    this.endRecomputing = startRecomputing(model, options.recompute);
  }

  async *steps(): AsyncGenerator<StepReport, TrainingResult, void> {
    manualSeed(this.options.seed ?? 0);
    this.progress.frozen = hashOfHashes(await hashParameters(this.neverTrained()));
    await this.resume();
    const plan = this.plan();
    this.journal = await this.openJournal(plan);
    this.control.begin(plan);
    while (this.progress.stage < this.plans.length) {
      yield* this.stage();
      if (this.stopped()) return this.result("stopped");
    }
    return this.result("finished");
  }

  /** Frees the run's tensors and restores the parameters' flags. */
  end(): void {
    this.endRecomputing();
    this.optimizer?.dispose();
    this.optimizer = null;
    this.options.model.eval();
    for (const [name, parameter] of this.options.model.namedParameters())
      parameter.trainable = this.wasTrainable.get(name) ?? true;
  }

  private async *stage(): AsyncGenerator<StepReport, void, void> {
    const { progress } = this;
    const { groups, trained, frozen } = this.plans[progress.stage];
    for (const [name, parameter] of this.options.model.namedParameters()) parameter.trainable = trained.has(name);
    this.optimizer ??= (this.options.optimizer ?? defaultOptimizer)(groups);
    const before = await hashParameters(frozen);
    this.options.model.train();
    while (!this.stageDone() && !this.stopped()) {
      yield await this.step();
      await this.pauseBetween();
    }
    const report = await this.report(before);
    if (this.stageDone()) this.finishStage(report);
    await this.save();
  }

  /** Lets the event loop turn; the session stops an interrupted cell at `setImmediate`. */
  private async pauseBetween(): Promise<void> {
    await platform().turn();
    await this.control.ready();
    const { every } = this.options.checkpoint ?? {};
    if (every && this.progress.stageStep % every === 0 && !this.stageDone()) await this.save();
  }

  private async step(): Promise<StepReport> {
    const start = performance.now();
    const { stage: index, stageStep } = this.progress;
    const { groups, trained } = this.plans[index];
    const stage = this.options.stages[index];
    const rateScale = stage.schedule?.(stageStep, this.lengths[index]) ?? 1;
    const batches = await this.batches();
    const { loss, model, clipNorm = Infinity, checkpoint } = this.options;
    const step = this.progress.step + 1;
    const optimizer = this.optimizer as Optimizer;
    const settings = { loss, parameters: trained, optimizer, rateScale, clipNorm, model, step };
    const numbers = await update(batches, settings).catch(async (error: unknown) => {
      throw await explained(error, { model, step, device: this.device, checkpoint: checkpoint?.path ?? null });
    });
    this.options.ema?.update();
    this.progress.step++;
    this.progress.stageStep++;
    const evaluation = await this.validate();
    const milliseconds = performance.now() - start;
    this.spent.steps++;
    this.spent.milliseconds += milliseconds;
    this.last = {
      ...numbers,
      ...this.place(),
      learningRates: Object.fromEntries(groups.map((group) => [group.label, (group.learningRate ?? 0) * rateScale])),
      milliseconds,
      examples: this.examplesOf(batches),
      validation: evaluation?.metrics ?? null,
      pictures: evaluation?.pictures ?? [],
    };
    await this.journal?.stepped(this.last);
    this.control.report(this.last);
    const { step: done, totalSteps: total } = this.last;
    this.showProgress?.({ done, total, before: done - this.spent.steps });
    return this.last;
  }

  private examplesOf(batches: readonly B[]): number | null {
    const sizes = batches.map(
      (batch) => this.options.examplesOf?.(batch) ?? (Array.isArray(batch) ? batch.length : NaN),
    );
    const sum = sizes.reduce((total, size) => total + size, 0);
    return Number.isFinite(sum) ? sum : null;
  }

  private openJournal(plan: TrainingPlan): Promise<Journal> {
    const { log, tensorboard, control, seed = 0, clipNorm } = this.options;
    const trained = sum([...this.everTrained().values()].map(({ size }) => size));
    return Journal.open({ log, tensorboard, name: control?.name ?? "" }, plan, { seed, clipNorm, trained });
  }

  /** Returns the plan of the training in plain data. */
  private plan(): TrainingPlan {
    const { stages, data, checkpoint } = this.options;
    return {
      stages: stages.map(({ name }, i) => ({ name, steps: this.lengths[i], groups: plannedGroups(this.plans[i]) })),
      totalSteps: this.totalSteps,
      step: this.progress.step,
      accumulate: this.accumulate,
      batches: data.length,
      device: this.device,
      checkpoint: checkpoint?.path ?? null,
    };
  }

  /** Returns the batches of the next update; each stage begins with a new epoch. */
  private async batches(): Promise<B[]> {
    const { data } = this.options;
    const { stage, stageStep } = this.progress;
    const epochsOf = (length: number): number => Math.ceil((length * this.accumulate) / data.length);
    const before = this.lengths.slice(0, stage).reduce((sum, length) => sum + epochsOf(length), 0);
    const first = stageStep * this.accumulate;
    const places = Array.from({ length: this.accumulate }, (_, i) => first + i);
    return Promise.all(
      places.map((place) => data.batch(before + Math.floor(place / data.length), place % data.length)),
    );
  }

  private place(): Pick<StepReport, Place> {
    const { step, stage, stageStep } = this.progress;
    return {
      step,
      totalSteps: this.totalSteps,
      stage: this.options.stages[stage].name,
      stageIndex: stage,
      stageStep,
      stageSteps: this.lengths[stage],
      epoch: (stageStep * this.accumulate) / this.options.data.length,
      remainingMilliseconds: this.remainingSteps() * (this.spent.milliseconds / this.spent.steps),
      memory: this.memory.read(),
    };
  }

  private get totalSteps(): number {
    return this.lengths.reduce((sum, length) => sum + length, 0);
  }

  private remainingSteps(): number {
    const { stage, stageStep } = this.progress;
    return this.lengths.slice(stage).reduce((sum, length) => sum + length, 0) - stageStep;
  }

  private async validate(): Promise<Evaluation | null> {
    const { validation, earlyStop, model, data } = this.options;
    if (!validation) return null;
    const every = validation.every ?? Math.max(1, Math.ceil(data.length / this.accumulate));
    const { stageStep } = this.progress;
    if (stageStep % every !== 0 && stageStep < this.lengths[this.progress.stage]) return null;
    model.eval();
    const evaluation = evaluationOf(await validation.run());
    model.train();
    if (earlyStop) this.progress.earlyStop = seen(earlyStop, this.progress.earlyStop, evaluation.metrics);
    return evaluation;
  }

  private stageDone(): boolean {
    const { stage, stageStep, earlyStop } = this.progress;
    const patience = this.options.earlyStop?.patience ?? Infinity;
    return stageStep >= this.lengths[stage] || earlyStop.since >= patience;
  }

  private stopped(): boolean {
    return this.options.signal?.aborted || this.control.stopped;
  }

  /** Reports the finished stage; refuses a frozen parameter that changed or has a state in the optimizer. */
  private async report(before: ReadonlyMap<string, string>): Promise<StageReport> {
    const { stage, stageStep } = this.progress;
    const { trained, frozen } = this.plans[stage];
    const after = await hashParameters(frozen);
    const stateful = new Set(this.optimizer?.statefulNames());
    const touched = [...frozen.keys()].filter((name) => before.get(name) !== after.get(name) || stateful.has(name));
    if (touched.length) throw new TrainError("train.fit", "frozen parameters must not change", touched);
    return {
      name: this.options.stages[stage].name,
      steps: stageStep,
      trained: [...trained.keys()],
      frozen: [...after].map(([name, hash]) => ({ name, hash })),
    };
  }

  private finishStage(report: StageReport): void {
    const { progress } = this;
    progress.stages.push(report);
    progress.stage++;
    progress.stageStep = 0;
    progress.earlyStop = NOTHING_SEEN;
    this.optimizer?.dispose();
    this.optimizer = null;
  }

  private async save(): Promise<void> {
    const { checkpoint, ema } = this.options;
    if (!checkpoint) return;
    const model = new Map<string, { dtype: "F32"; shape: number[]; data: Float32Array }>();
    for (const [name, parameter] of this.everTrained())
      model.set(name, { dtype: "F32", shape: parameter.shape, data: await parameter.read() });
    await writeCheckpoint(checkpoint.path, {
      progress: { ...this.progress, random: sharedRandom().state },
      model,
      optimizer: (await this.optimizer?.state()) ?? new Map(),
      ema: (await ema?.state(model.keys())) ?? new Map(),
    });
  }

  private async resume(): Promise<void> {
    const { checkpoint, resume, ema, optimizer = defaultOptimizer } = this.options;
    if (!resume || !checkpoint || !existsSync(checkpoint.path)) return;
    const { progress, ...stored } = await readCheckpoint(checkpoint.path);
    if (progress.plan !== this.progress.plan)
      throw new TrainError("train.fit", `the checkpoint must be of this plan, ${this.progress.plan}`, progress.plan);
    if (progress.frozen !== this.progress.frozen)
      throw new TrainError("train.fit", "frozen parameters must equal those of the checkpoint", progress.frozen);
    restoreParameters(this.everTrained(), stored.model);
    this.progress = progress;
    sharedRandom().state = progress.random;
    ema?.loadState(stored.ema);
    if (progress.stage === this.plans.length) return;
    this.optimizer = optimizer(this.plans[progress.stage].groups);
    this.optimizer.loadState(stored.optimizer);
  }

  private everTrained(): Map<string, Parameter> {
    return new Map(this.plans.flatMap(({ trained }) => [...trained]));
  }

  private neverTrained(): Map<string, Parameter> {
    const trained = this.everTrained();
    return new Map([...this.options.model.namedParameters()].filter(([name]) => !trained.has(name)));
  }

  private describePlan(): string {
    const { stages, data } = this.options;
    const parts = stages.map(({ name }, i) => {
      const groups = this.plans[i].groups.map(({ label, learningRate, parameters }) => {
        return `${label} at ${learningRate} (${parameters.size})`;
      });
      return `${name}: ${this.lengths[i]} updates of ${groups.join(", ")}`;
    });
    return `${parts.join("; ")}; ${this.accumulate} of ${data.length} batches an update`;
  }

  private result(ended: TrainingResult["ended"]): TrainingResult {
    return { steps: this.progress.step, ended, stages: this.progress.stages, last: this.last };
  }
}

/** Position in a training. */
type Place =
  | "step"
  | "totalSteps"
  | "stage"
  | "stageIndex"
  | "stageStep"
  | "stageSteps"
  | "epoch"
  | "remainingMilliseconds"
  | "memory";

const defaultOptimizer = (groups: readonly ParameterGroup[]): Optimizer => new AdamW(groups, { weightDecay: 0 });
