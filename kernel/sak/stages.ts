import { checkArguments } from "../rules/arguments";
import { attach } from "../lora/model";
import type { Adapters } from "../lora/adapters";
import type { LoraConfig } from "../lora/config";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import type { Schedule } from "../train/update/schedule";
import type { Stage, StageGroup } from "../train/update/stages";
import { SakError } from "./error";
import type { Sak } from "./model";

/** Options of a stage of a student's training. */
export interface SakStageOptions {
  /** Name of the stage. Default `distillation` or `tasks`. */
  name?: string;
  /** Number of updates; alternative to `epochs`. Default: by `epochs`. */
  steps?: number;
  /** Passes over the data; alternative to `steps`. Default: by `steps`. */
  epochs?: number;
  /** Learning rate of stem and paths. Default 1e-3 for distillation, 2e-5 for tasks, as the paper. */
  learningRate?: number;
  /** Learning rate of routers and heads. Default: `learningRate`. */
  headLearningRate?: number;
  /** Weight decay of every parameter, biases and norms too. Default 0.01 for distillation, 1e-6 for tasks. */
  weightDecay?: number;
  /** Schedule of the rates. Default: {@link distillationSchedule} or {@link polynomial}, as the paper. */
  schedule?: Schedule;
  /** Keep every bit of the stem. Default false: the paper trains it in both stages. */
  freezeStem?: boolean;
  /** Train routers and heads alone; of the stage of tasks only. Default false. */
  freezeAllButRouters?: boolean;
  /** Train the stem's adapters from {@link loraStem} in place of its weights. Default false. */
  loraStem?: boolean;
}

const NAMES: OptionNames<SakStageOptions> = {
  name: true,
  steps: true,
  epochs: true,
  learningRate: true,
  headLearningRate: true,
  weightDecay: true,
  schedule: true,
  freezeStem: true,
  freezeAllButRouters: true,
  loraStem: true,
};

const SCHEDULE_NAMES: OptionNames<DistillationScheduleOptions> = { warmupFraction: true, start: true, final: true };

/** Parameters of the adapters on the stem. */
const STEM_LORA = /^stem\..*\.lora_/;

/**
 * Returns the stage of distillation for `train.fit`: stem, paths and the layers to the teachers' widths learn, without tasks
 * (arXiv 2410.14633: AdamW, 1e-3 to 1e-5 along a cosine after a warm-up, weight decay 0.01).
 *
 * @throws SakError for options that contradict each other
 */
export function distillationStage(model: Sak, options: SakStageOptions): Stage {
  const fn = "sak.distillationStage";
  checkArguments(fn, SakError, { model, options }, { model: "module", options: "object" });
  if (options.freezeAllButRouters)
    throw new SakError(fn, "distillation does not train routers: freezeAllButRouters must be false", true);
  const { name = "distillation", learningRate = 1e-3, weightDecay = 0.01 } = options;
  const groups = groupsOf(fn, model, options, { learningRate, weightDecay });
  return { name, groups, ...length(options), schedule: options.schedule ?? distillationSchedule() };
}

/**
 * Returns the stage of tasks for `train.fit`, in which everything learns (arXiv 2410.14633: AdamW at 2e-5, weight decay 1e-6,
 * a polynomial of power 0.9 to 0; the paper clips gradients at 10 with `clipNorm`).
 *
 * @throws SakError for options that contradict each other, or a student without tasks
 */
export function taskStage(model: Sak, options: SakStageOptions): Stage {
  const fn = "sak.taskStage";
  checkArguments(fn, SakError, { model, options }, { model: "module", options: "object" });
  if (!model.heads.size) throw new SakError(fn, "the student must have tasks", "none");
  const { name = "tasks", learningRate = 2e-5, weightDecay = 1e-6, headLearningRate = learningRate } = options;
  const shared = options.freezeAllButRouters ? [] : groupsOf(fn, model, options, { learningRate, weightDecay });
  if (options.freezeAllButRouters) checkNames(fn, options);
  const own = [...(model.routers.size ? ["routers"] : []), "heads"].map((parameters) => ({
    parameters,
    learningRate: headLearningRate,
    weightDecay,
  }));
  return { name, groups: [...shared, ...own], ...length(options), schedule: options.schedule ?? polynomial() };
}

function groupsOf(
  fn: string,
  model: Sak,
  options: SakStageOptions,
  rates: Pick<StageGroup, "learningRate" | "weightDecay">,
): StageGroup[] {
  checkNames(fn, options);
  const { freezeStem = false, loraStem = false } = options;
  const hasLora = [...model.namedParameters().keys()].some((name) => STEM_LORA.test(name));
  if (loraStem && freezeStem) throw new SakError(fn, "freezeStem and loraStem exclude each other", [true, true]);
  if (loraStem && !hasLora) throw new SakError(fn, "the stem must have adapters from sak.loraStem", loraStem);
  const stem = loraStem ? STEM_LORA : "stem";
  const rules = freezeStem ? ["paths"] : [stem, "paths"];
  return rules.map((parameters) => ({ parameters, ...rates }));
}

function checkNames(fn: string, options: SakStageOptions): void {
  checkOptionNames(fn, options, NAMES, SakError);
}

const length = ({ steps, epochs }: SakStageOptions): Pick<Stage, "steps" | "epochs"> =>
  steps === undefined ? { epochs } : { steps, ...(epochs === undefined ? {} : { epochs }) };

/**
 * Attaches LoRA to the linear layers of the stem's blocks, which are frozen from then on.
 *
 * @param options LoRA's, as of `lora.attach`; default: rank 8 on `qkv` and `proj` of every block
 * @throws LoraError as `lora.attach`
 */
export function loraStem(model: Sak, options: Partial<LoraConfig> = {}): Adapters {
  checkArguments("sak.loraStem", SakError, { model }, { model: "module" });
  return attach(model.stem, { targetModules: String.raw`blocks\.\d+\.attn\.(qkv|proj)`, ...options });
}

/** Options of {@link distillationSchedule}. */
export interface DistillationScheduleOptions {
  /** Share of the updates that warm up. Default 2 / 30. */
  warmupFraction?: number;
  /** Factor at the start of the warm-up. Default 1.25e-4: a rate of 1.25e-7. */
  start?: number;
  /** Factor at the end. Default 0.01: a rate of 1e-5. */
  final?: number;
}

/**
 * Returns the schedule of the paper's distillation: linear growth from `start` to 1, then half a cosine to `final`.
 *
 * @throws SakError for a share or factor outside 0..1
 */
export function distillationSchedule(options: DistillationScheduleOptions = {}): Schedule {
  checkOptionNames("sak.distillationSchedule", options, SCHEDULE_NAMES, SakError);
  const { warmupFraction = 2 / 30, start = 1.25e-4, final = 0.01 } = options;
  const wrong = [warmupFraction, start, final].find((value) => !(value >= 0 && value <= 1));
  if (wrong !== undefined)
    throw new SakError("sak.distillationSchedule", "warmupFraction, start and final must lie in [0, 1]", wrong);
  return (step, total) => {
    const warmup = Math.ceil(total * warmupFraction);
    if (step < warmup) return start + ((1 - start) * step) / warmup;
    const share = (step - warmup) / Math.max(1, total - warmup);
    return final + ((1 - final) * (1 + Math.cos(Math.PI * Math.min(1, share)))) / 2;
  };
}

/**
 * Returns the schedule (1 - step / total) ^ power.
 *
 * @param power default 0.9
 * @throws SakError for a power that is not above 0
 */
export function polynomial(power = 0.9): Schedule {
  if (!(power > 0 && Number.isFinite(power)))
    throw new SakError("sak.polynomial", "power must be a number above 0", power);
  return (step, total) => Math.max(0, 1 - step / total) ** power;
}
