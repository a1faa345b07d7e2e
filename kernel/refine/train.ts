import { checkArguments } from "../rules/arguments";
import { join } from "../platform/path";
import { existsSync, mkdir, rm } from "../platform/files";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { batches } from "../train/batches/batches";
import { hashOfHashes, readCheckpoint, restoreParameters } from "../train/fit/checkpoint";
import { fit } from "../train/fit/fit";
import type { StepReport } from "../train/runs/report";
import { constant, cosine, linear, type Schedule } from "../train/update/schedule";
import { hashParameters, planStage, type Stage } from "../train/update/stages";
import { RefineError } from "./error";
import { batch, loss, type RefineExample } from "./loss";
import { RefineModel } from "./model";
import { isWithin, RefinePlan } from "./plan";
import type { RefineStage } from "./plans";

/** Options of {@link train}. */
export interface RefineOptions {
  /** Model that is trained in place. */
  model: RefineModel;
  /** Stages, as of `refine.plan`. */
  plan: RefinePlan;
  /** Examples by the names of the plan's data sets. */
  data: Readonly<Record<string, readonly RefineExample[]>>;
  /** Folder of a checkpoint for each stage. Default: none. */
  folder?: string;
  /** Number of updates between checkpoints within a stage. Default: none within. */
  every?: number;
  /** Go on with the folder's checkpoints. Default false: they are removed. */
  resume?: boolean;
  /** Seed of the order of examples and of dropout. Default 0. */
  seed?: number;
  /** Largest norm of the gradient. Default: none. */
  clipNorm?: number;
  /** Stops between two updates. Default: none. */
  signal?: AbortSignal;
  /** Called after each update with the updates of the stage. Default: not called. */
  onProgress?: (progress: { done: number; total: number; stage: string; loss: number }) => void;
  /** Called before the first stage and after each, for measures between stages. Default: not called. */
  onStage?: (model: RefineModel, finished: number) => void | Promise<void>;
}

/** Hashes of each group's bits before and after a stage. */
export interface RefineStageProof {
  name: string;
  /** Number of updates. */
  steps: number;
  /** Groups whose bits changed. */
  changed: string[];
  /** Groups whose bits are the same as before. */
  kept: string[];
  /** SHA-256 over each group's parameters. */
  before: Readonly<Record<string, string>>;
  after: Readonly<Record<string, string>>;
  /** Loss of the last update; null where the stage was finished in an earlier run. */
  loss: number | null;
}

/** Result of {@link train}. */
export interface Refinement {
  ended: "finished" | "stopped";
  stages: RefineStageProof[];
}

const FN = "refine.train";
const NAMES: OptionNames<RefineOptions> = {
  model: true,
  plan: true,
  data: true,
  folder: true,
  every: true,
  resume: true,
  seed: true,
  clipNorm: true,
  signal: true,
  onProgress: true,
  onStage: true,
};
const SCHEDULES = { cosine, linear, constant } as const;

/**
 * Refines a model by a plan (arXiv 2507.01643). Each stage starts from the weights of the one before with a new optimizer; its frozen
 * parameters have neither gradient nor state, and their bits are verified. With a folder, a stopped run resumes
 * and ends with the same bits as a run in one go.
 *
 * @throws RefineError for data sets that are missing or empty, or a frozen group that changed
 * @throws TrainError as `train.fit`
 */
export async function train(options: RefineOptions): Promise<Refinement> {
  checkOptionNames(FN, options, NAMES, RefineError);
  const { model, plan, data, folder, resume = false, onStage } = options;
  if (!(model instanceof RefineModel)) throw new RefineError(FN, "model must be a RefineModel", model);
  if (!(plan instanceof RefinePlan)) throw new RefineError(FN, "plan must be one of refine.plan", plan);
  if (typeof data !== "object" || (data as unknown) === null)
    throw new RefineError(FN, "data must be lists of examples by name", data);
  if (resume && folder === undefined) throw new RefineError(FN, "resume needs a folder", folder);
  plan.stages.forEach((stage) => examplesOf(stage, data));
  const stages = stagesFor(plan, model);
  if (folder !== undefined) await prepareFolder(folder, plan, resume);
  const proofs: RefineStageProof[] = [];
  await onStage?.(model, 0);
  for (const [index, stage] of stages.entries()) {
    const { proof, isDone } = await runStage(options, stage, index);
    proofs.push(proof);
    if (!isDone) return { ended: "stopped", stages: proofs };
    await onStage?.(model, index + 1);
  }
  return { ended: "finished", stages: proofs };
}

/**
 * Returns a plan's stages for `train.fit`, where all stages learn from the same data.
 *
 * @throws TrainError for a group that the model does not have
 */
export function stagesFor(plan: RefinePlan, model: RefineModel): Stage[] {
  checkArguments("refine.stages", RefineError, { plan, model }, { plan: "object", model: "module" });
  const stages = plan.stages.map((stage) => stageOf(stage));
  stages.forEach((stage) => planStage(model, stage));
  return stages;
}

function stageOf(stage: RefineStage): Stage {
  const { name, train, learningRate, weightDecay = 0, steps, epochs } = stage;
  const groups = train.map((parameters) => ({ parameters, learningRate, weightDecay }));
  const length = steps === undefined ? { epochs } : { steps };
  return { name, groups, schedule: scheduleOf(stage), ...length };
}

const scheduleOf = ({ schedule = "cosine", warmupFraction = 0.03 }: RefineStage): Schedule =>
  SCHEDULES[schedule]({ warmupFraction });

function examplesOf({ name, data }: RefineStage, sets: RefineOptions["data"]): RefineExample[] {
  const missing = data.find((set) => !Object.hasOwn(sets, set) || !Array.isArray(sets[set]) || !sets[set].length);
  if (missing !== undefined)
    throw new RefineError(
      FN,
      `data of stage ${name} must hold examples; given are ${Object.keys(sets).join(", ")}`,
      missing,
    );
  return data.flatMap((set) => sets[set]);
}

const fileOf = (folder: string, index: number): string => join(folder, `stage-${index + 1}.safetensors`);

async function prepareFolder(folder: string, { stages }: RefinePlan, resume: boolean): Promise<void> {
  await mkdir(folder, { recursive: true });
  if (!resume) for (const index of stages.keys()) await rm(fileOf(folder, index), { force: true });
}

async function runStage(
  options: RefineOptions,
  stage: Stage,
  index: number,
): Promise<{ proof: RefineStageProof; isDone: boolean }> {
  const { model, plan, folder } = options;
  const before = await groupHashes(model);
  const path = folder === undefined ? undefined : fileOf(folder, index);
  const finished = path !== undefined && options.resume ? await restoreFinished(model, stage, path) : null;
  const { isDone, ...end } = finished ?? (await trainStage(options, stage, index, path));
  const after = await groupHashes(model);
  const changed = Object.keys(after).filter((group) => before[group] !== after[group]);
  const kept = Object.keys(after).filter((group) => before[group] === after[group]);
  const frozen = changed.filter((group) => !plan.stages[index].train.some((one) => isWithin(one, group)));
  if (frozen.length)
    throw new RefineError(FN, `stage ${stage.name} must not change groups that it does not train`, frozen);
  return { proof: { name: stage.name, ...end, changed, kept, before, after }, isDone };
}

interface StageEnd {
  steps: number;
  loss: number | null;
  isDone: boolean;
}

/** Restores the weights of a stage that an earlier run finished, or returns null. */
async function restoreFinished(model: RefineModel, stage: Stage, path: string): Promise<StageEnd | null> {
  if (!existsSync(path)) return null;
  const { progress, model: stored } = await readCheckpoint(path);
  const [report] = progress.stages;
  if (!report) return null;
  if (report.name !== stage.name)
    throw new RefineError(FN, `${path} must be of stage ${stage.name}; another plan needs another folder`, report.name);
  restoreParameters(planStage(model, stage).trained, stored);
  return { steps: report.steps, loss: null, isDone: true };
}

async function trainStage(options: RefineOptions, stage: Stage, index: number, path?: string): Promise<StageEnd> {
  const { model, plan, seed = 0, every, resume, clipNorm, signal, onProgress } = options;
  const planned = plan.stages[index];
  const items = examplesOf(planned, options.data);
  const step = (report: StepReport): void =>
    onProgress?.({ done: report.stageStep, total: report.stageSteps, stage: planned.name, loss: report.loss });
  const source = batches(items, { batchSize: Math.min(planned.batchSize, items.length), seed });
  const result = await fit(
    {
      model,
      stages: [stage],
      data: source,
      loss: (examples) => loss(model, batch(examples)),
      seed: seed + index,
      clipNorm,
      signal,
      ...(path === undefined ? {} : { checkpoint: { path, every }, resume }),
    },
    step,
  );
  const isDone = result.ended === "finished";
  return { steps: result.steps, loss: result.last?.loss ?? null, isDone };
}

/** Returns one hash for each group: the encoders, the connector and the language model. */
async function groupHashes(model: RefineModel): Promise<Record<string, string>> {
  const hashes = await hashParameters(model.namedParameters());
  const groups = new Map<string, Map<string, string>>();
  for (const [name, hash] of hashes) {
    const group = name.split(".")[0];
    groups.set(group, (groups.get(group) ?? new Map<string, string>()).set(name, hash));
  }
  return Object.fromEntries([...groups].map(([group, own]) => [group, hashOfHashes(own)]));
}
