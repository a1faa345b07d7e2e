import type { Box } from "../../contracts/geometry";
import {
  evaluate,
  type GroundingSample,
  parameters,
  settings as optimization,
  SimVg,
  type SimVgConfig,
  stage as stageOf,
  step,
} from "../../grounding";
import * as nn from "../../nn";
import { mean } from "../../numeric";
import { mkdir, rm } from "../../platform/files";
import { join } from "../../platform/path";
import { iou } from "../../numeric/boxes";
import { fit, type StepReport } from "../../train";
import { fromSeeds, StudyFile } from "../study-file";
import { StudyWeights } from "./weights";
import { type GroundingData, groundingBatches, groundingData, STUDY } from "./data";
import type { GroundingMethod, GroundingStudyStage } from "./methods";
import { kindOf, lengthOf, type PhraseKind, type PhraseLength } from "./phrases";
import { checkGroundingSettings, type GroundingStudySettings } from "./settings";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { StudyError } from "../error";

/** Prec@0.5 in percent of all phrases and by group; a group without phrases is absent. */
export interface GroundingScore {
  all: number;
  byKind: Partial<Record<PhraseKind, number>>;
  byLength: Partial<Record<PhraseLength, number>>;
}

/** One method trained from one seed. */
export interface GroundingRun {
  method: string;
  seed: number;
  /** Score of the branch that answers. */
  score: GroundingScore;
  /** Mean weight W_dt of the decoder in the last tenth of the updates; null where no branch teaches. */
  weight: number | null;
  /** Seconds of training and scoring; of a run that was stopped, those since it went on. */
  seconds: number;
}

/** Results of a study so far, in plain data. */
export interface GroundingStudy {
  settings: GroundingStudySettings;
  /** Hash of settings, device and the encoder's first values, equal for equal studies. */
  identity: string;
  device: string;
  /** Numbers of training and test phrases. */
  phrases: { train: number; asked: number };
  /** Number of parameters that each method needs to answer. */
  parameters: Record<string, number>;
  /** Prec@0.5 in percent of the mean box of the training phrases, which sees neither picture nor phrase. */
  chance: number;
  runs: GroundingRun[];
  /** True when all runs are present. */
  finished: boolean;
}

/** Identity of a training. */
export interface GroundingPlace {
  method: string;
  seed: number;
  stage: string;
}

/** Place of a study and its observers. */
export interface GroundingStudyOptions {
  /** Settings of the study, such as `studies.GROUNDING`. */
  settings: GroundingStudySettings;
  /** Folder of pictures, checkpoints and finished runs; the same call continues where it was stopped. */
  folder: string;
  /** Called after each update with the report of `train.fit`. Default: not called. */
  onStep?: (run: GroundingPlace, report: StepReport) => void | Promise<void>;
  /** Called after each run. Default: not called. */
  onRun?: (run: GroundingRun, study: GroundingStudy) => void | Promise<void>;
  /** Stops the study between two updates; the results so far are returned. Default: none. */
  signal?: AbortSignal;
}

const NAMES: OptionNames<GroundingStudyOptions> = {
  settings: true,
  folder: true,
  onStep: true,
  onRun: true,
  signal: true,
};
const CHECKPOINT_EVERY = 50;

/**
 * Trains models that ground the synthetic world's phrases by the methods of SimVG (arXiv 2409.17531), each from several seeds, and scores
 * each on pictures of a split whose combinations of category and color no training has. Methods of one seed have the same first values
 * of the parts that they share, the same order of the batches and as many updates. After each run the results are written to
 * `study.json` in the study's folder, beside its place and then moved. Starts the default device where none was started.
 *
 * @throws StudyError for an unknown option, or illegal settings
 */
export async function groundingStudy(options: GroundingStudyOptions): Promise<GroundingStudy> {
  checkOptionNames(STUDY, options, NAMES, StudyError);
  checkGroundingSettings(STUDY, options.settings);
  await nn.start();
  const { settings, folder, signal } = options;
  const data = await groundingData(settings, join(folder, "world"), signal);
  const file = fileOf(folder, settings, data);
  await mkdir(file.folder, { recursive: true });
  const facts = factsOf(settings, data);
  const study = (): GroundingStudy => ({ ...facts, identity: file.identity, runs: file.runs, finished: file.finished });
  for (const { method: name, seed } of file.missing) {
    const method = settings.methods.find((one) => one.name === name) as GroundingMethod;
    const run = signal?.aborted ? null : await runOne(options, data, { method, seed, folder: file.folder });
    if (!run) break;
    await file.add(run, facts);
    await options.onRun?.(run, study());
  }
  return study();
}

type GroundingFile = StudyFile<Pick<GroundingRun, "method" | "seed">, GroundingRun>;

function fileOf(folder: string, settings: GroundingStudySettings, data: GroundingData): GroundingFile {
  const names = settings.methods.map(({ name }) => ({ method: name }));
  return new StudyFile({
    folder,
    identity: {
      settings: { ...settings, seeds: null },
      device: String(nn.trainingDevice()),
      encoder: data.encoder.hash,
    },
    asked: fromSeeds(settings.seeds, names),
  });
}

/** Facts that the file holds beside the runs. */
function factsOf(
  settings: GroundingStudySettings,
  data: GroundingData,
): Omit<GroundingStudy, "identity" | "runs" | "finished"> {
  const sizes = settings.methods.map((method) => [method.name, parameters(answering(settings, method, data))]);
  return {
    settings,
    device: String(nn.trainingDevice()),
    phrases: { train: data.train.length, asked: data.asked.length },
    parameters: Object.fromEntries(sizes) as Record<string, number>,
    chance: chanceOf(data),
  };
}

/** Configuration with the branch alone that answers. */
const answering = (settings: GroundingStudySettings, method: GroundingMethod, data: GroundingData): SimVgConfig => ({
  encoder: data.encoder.config,
  head: { ...settings.head, ...method.head, branches: method.answers },
});

interface Place {
  method: GroundingMethod;
  seed: number;
  folder: string;
}

/** Trains and scores; null where it was stopped. */
async function runOne(options: GroundingStudyOptions, data: GroundingData, place: Place): Promise<GroundingRun | null> {
  const { settings } = options;
  const { method, seed } = place;
  const start = performance.now();
  nn.manualSeed(seed);
  const model = new SimVg({ encoder: data.encoder.make(), head: { ...settings.head, ...method.head } });
  try {
    const weights = new StudyWeights(weightsOf(place));
    for (const stage of method.stages)
      if (!(await trainStage(options, data, { ...place, model, stage, weights }))) return null;
    const asked = groundingBatches(model, data, { split: "asked", seed, settings });
    const { samples } = await evaluate(model.eval(), asked, { branch: method.answers });
    const last = weights.last(Math.ceil(settings.steps / 10));
    for (const path of [weightsOf(place), ...method.stages.map((stage) => checkpointOf(place, stage))])
      await rm(path, { force: true });
    const seconds = (performance.now() - start) / 1e3;
    const weight = last.length ? mean(last) : null;
    return { method: method.name, seed, score: groundingScore(samples), weight, seconds };
  } finally {
    model.dispose();
  }
}

const partOf = ({ method, seed, folder }: Place, name: string): string =>
  join(folder, `${seed}-${method.name.toLowerCase().replace(/\W+/g, "-")}-${name}`);

const checkpointOf = (place: Place, { name }: GroundingStudyStage): string => partOf(place, `${name}.safetensors`);

const weightsOf = (place: Place): string => partOf(place, "weights.jsonl");

/** Trains a stage, or goes on with its checkpoint. @returns false where it was stopped */
async function trainStage(
  { settings, signal, onStep }: GroundingStudyOptions,
  data: GroundingData,
  { model, stage, weights, ...place }: Place & { model: SimVg; stage: GroundingStudyStage; weights: StudyWeights },
): Promise<boolean> {
  const { method, seed } = place;
  const steps = Math.max(1, Math.round(settings.steps * stage.share));
  const { learningRate, encoderFactor } = settings;
  // The paper's schedule over the stage: the first tenth rises, the last fifth has a tenth of the rate.
  const kind = stageOf(model, { name: stage.name, branch: stage.branch, learningRate, encoderFactor });
  const { ended } = await fit(
    {
      model: model.train(),
      data: groundingBatches(model, data, { split: "train", seed, settings }),
      loss: step(model, { branch: stage.branch, balance: stage.balance }),
      stages: [{ ...kind, epochs: undefined, steps }],
      ...optimization(model),
      seed,
      signal,
      resume: true,
      checkpoint: { path: checkpointOf(place, stage), every: CHECKPOINT_EVERY },
      examplesOf: ({ expressions }) => expressions.length,
    },
    async (report) => {
      if (typeof report.metrics.W_dt === "number") await weights.put(stage.name, report.step, report.metrics.W_dt);
      await onStep?.({ method: method.name, seed, stage: stage.name }, report);
    },
  );
  return ended === "finished";
}

/** Returns the score of the mean box of the training phrases. */
function chanceOf({ train, asked }: GroundingData): number {
  const box = [0, 1, 2, 3].map((edge) => mean(train.map(({ boxes }) => boxes[0][edge])));
  const right = asked.filter(({ boxes }) => iou(box as unknown as Box, boxes[0]) >= 0.5);
  return (100 * right.length) / asked.length;
}

/** Returns the share of right boxes in percent, of all samples and by kind and length of their phrases. */
export function groundingScore(samples: readonly GroundingSample[]): GroundingScore {
  return {
    all: rightOf(samples),
    byKind: grouped(samples, ({ expression }) => kindOf(expression.phrase)),
    byLength: grouped(samples, ({ expression }) => lengthOf(expression.phrase)),
  };
}

const rightOf = (samples: readonly GroundingSample[]): number =>
  (100 * samples.filter(({ correct }) => correct).length) / samples.length;

function grouped<G extends string>(
  samples: readonly GroundingSample[],
  groupOf: (sample: GroundingSample) => G,
): Partial<Record<G, number>> {
  const groups = new Map<G, GroundingSample[]>();
  for (const sample of samples) {
    const own = groups.get(groupOf(sample)) ?? [];
    groups.set(groupOf(sample), own);
    own.push(sample);
  }
  return Object.fromEntries([...groups].map(([group, own]) => [group, rightOf(own)])) as Partial<Record<G, number>>;
}
