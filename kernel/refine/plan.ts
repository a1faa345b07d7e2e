import { Described, DISPLAY, type DisplayBundle, tabulate } from "../display/describe";
import { checkOptionNames, given, type OptionNames } from "../rules/option-names";
import { checker, isWhole } from "../rules/rule-error";
import { RefineError } from "./error";
import { PLANS, type RefinePlanName, type RefinePlanSpec, type RefineStage } from "./plans";

/** Values that replace those of the stages. */
export interface RefinePlanOverrides {
  /** Number of updates of every stage, or of each in turn. Default: that of the stages. */
  steps?: number | readonly number[];
  /** Number of examples per update. Default: that of the stages. */
  batchSize?: number;
  /** Rates in turn. Default: those of the stages. */
  learningRates?: readonly number[];
  /** Stages that are kept, by name. Default: all. */
  only?: readonly string[];
}

const STAGE_NAMES: OptionNames<RefineStage> = {
  name: true,
  train: true,
  data: true,
  learningRate: true,
  batchSize: true,
  epochs: true,
  steps: true,
  weightDecay: true,
  schedule: true,
  warmupFraction: true,
};
const SPEC_NAMES: OptionNames<RefinePlanSpec> = { name: true, stages: true, nested: true, falling: true, source: true };
const OVERRIDE_NAMES: OptionNames<RefinePlanOverrides> = {
  steps: true,
  batchSize: true,
  learningRates: true,
  only: true,
};
const FN = "refine.plan";
const rule = checker(FN, RefineError);
const SCHEDULES = ["cosine", "linear", "constant"];

/** A checked plan. It prints its stages and the rules that hold for them. */
export class RefinePlan extends Described {
  /** @internal Use {@link plan}. */
  constructor(
    readonly name: string,
    readonly source: string,
    readonly stages: readonly RefineStage[],
    /** True where each stage trains all that the one before trains. */
    readonly nested: boolean,
    /** True where the rates fall strictly. */
    readonly falling: boolean,
  ) {
    super();
  }

  /** Returns the stages as a table of plain text, with the proofs in front. */
  override toString(): string {
    return this[DISPLAY]()["text/plain"];
  }

  /** Shows the stages in a notebook, with the proofs. */
  override [DISPLAY](): DisplayBundle {
    const chain = this.stages.map(({ train }) => `{${train.join(", ")}}`).join(this.nested ? " ⊆ " : ", ");
    const rates = this.stages.map(({ learningRate }) => String(learningRate)).join(this.falling ? " > " : ", ");
    const title = [
      `${this.name}${this.source && ` (${this.source})`}`,
      `trained sets ${this.nested ? "are nested" : "are not nested"}: ${chain}`,
      `rates ${this.falling ? "fall strictly" : "do not fall strictly"}: ${rates}`,
    ].join("; ");
    return tabulate(title, ["stage", "trains", "data", "rate", "batch", "length"], this.stages.map(cellsOf));
  }
}

function cellsOf({ name, train, data, learningRate, batchSize, steps, epochs }: RefineStage): string[] {
  const length = steps === undefined ? `${epochs} ${epochs === 1 ? "epoch" : "epochs"}` : `${steps} updates`;
  return [name, train.join(" + "), data.join(" + "), String(learningRate), String(batchSize), length];
}

/**
 * Checks a plan of refinement: SAILViT's three stages (the default), GranViT's, or one's own.
 *
 *     const mine = refine.plan({ name: "mine", stages: [
 *       { name: "align", train: ["connector"], data: ["captions"], learningRate: 1e-3, batchSize: 8, steps: 100 },
 *       { name: "all", train: ["connector", "vision"], data: ["captions"], learningRate: 1e-4, batchSize: 8, steps: 200 },
 *     ] });
 *     console.log(String(mine));
 *
 * SAILViT's rates and batches are those of arXiv 2509.14033; schedule, warm-up and weight decay are not published and are this
 * library's (cosine, 3 %, 0).
 *
 * @throws RefineError for stages that contradict each other: sets that are not nested, rates that do not fall, a stage without
 *   parameters, data or length, names twice
 */
export function plan(
  source: RefinePlanName | RefinePlanSpec = "sailvit",
  overrides: RefinePlanOverrides = {},
): RefinePlan {
  checkOptionNames(FN, overrides, OVERRIDE_NAMES, RefineError);
  if (typeof source === "string" && !Object.hasOwn(PLANS, source))
    throw new RefineError(FN, `plans are ${Object.keys(PLANS).join(", ")}`, source);
  const spec: RefinePlanSpec = typeof source === "string" ? PLANS[source] : source;
  checkOptionNames(FN, spec, SPEC_NAMES, RefineError);
  if (!Array.isArray(spec.stages)) throw new RefineError(FN, "stages must be an array", spec.stages);
  for (const stage of spec.stages as readonly RefineStage[]) checkOptionNames(FN, stage, STAGE_NAMES, RefineError);
  const stages = overridden(spec.stages as readonly RefineStage[], overrides);
  checkStages(stages);
  const unnested = stages.findIndex((stage, i) => i > 0 && !contains(stage.train, stages[i - 1].train));
  const rising = stages.findIndex(({ learningRate }, i) => i > 0 && !(learningRate < stages[i - 1].learningRate));
  if (unnested >= 0 && (spec.nested ?? true)) throw notNested(stages[unnested], stages[unnested - 1]);
  if (rising >= 0 && (spec.falling ?? true)) throw notFalling(stages[rising], stages[rising - 1]);
  return new RefinePlan(spec.name, spec.source ?? "", stages, unnested < 0, rising < 0);
}

const notNested = ({ name, train }: RefineStage, before: RefineStage): RefineError =>
  new RefineError(FN, `stage ${name} must train all of stage ${before.name} (${before.train.join(", ")})`, [...train]);

const notFalling = ({ name, learningRate }: RefineStage, before: RefineStage): RefineError =>
  new RefineError(
    FN,
    `the rate of stage ${name} must be below that of stage ${before.name} (${before.learningRate})`,
    learningRate,
  );

/** True for a group that is `outer` or lies below it. */
export const isWithin = (group: string, outer: string): boolean => group === outer || group.startsWith(`${outer}.`);

/** True if every group of `inner` lies within one of `outer`. */
const contains = (outer: readonly string[], inner: readonly string[]): boolean =>
  inner.every((group) => outer.some((one) => isWithin(group, one)));

function overridden(stages: readonly RefineStage[], { only, ...values }: RefinePlanOverrides): RefineStage[] {
  if (only !== undefined && !Array.isArray(only))
    throw new RefineError(FN, "only must be an array of names of stages", only);
  const missing = only?.find((name) => !stages.some((stage) => stage.name === name));
  if (missing !== undefined)
    throw new RefineError(FN, `stages are ${stages.map(({ name }) => name).join(", ")}`, missing);
  const kept = stages.filter(({ name }) => only?.includes(name) ?? true);
  if (values.learningRates !== undefined && !Array.isArray(values.learningRates))
    throw new RefineError(FN, "learningRates must be an array", values.learningRates);
  for (const [key, list] of Object.entries({ steps: values.steps, learningRates: values.learningRates }))
    if (Array.isArray(list) && list.length !== kept.length)
      throw new RefineError(FN, `${key} must have a value for each of ${kept.length} stages`, list.length);
  return kept.map((stage, i) => {
    const steps = typeof values.steps === "number" ? values.steps : values.steps?.[i];
    const own = given({ batchSize: values.batchSize, learningRate: values.learningRates?.[i] });
    return { ...stage, ...(steps === undefined ? {} : { steps, epochs: undefined }), ...own };
  });
}

function checkStages(stages: readonly RefineStage[]): void {
  if (!stages.length) throw new RefineError(FN, "there must be a stage", 0);
  for (const stage of stages) checkStage(stage);
  const names = stages.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new RefineError(FN, "stages must have different names", twice);
}

function checkStage(stage: RefineStage): void {
  const { name, train, data, learningRate, batchSize, steps, epochs, weightDecay = 0, warmupFraction = 0 } = stage;
  rule(
    typeof name === "string" && /^[\w -]+$/.test(name),
    "a stage's name must be letters, digits, spaces, - and _",
    name,
  );
  rule(isList(train), `stage ${name} must train a group`, train);
  rule(new Set(train).size === train.length, `stage ${name} must name each group once`, train);
  const nestedGroup = train.find((group) => train.some((other) => group.startsWith(`${other}.`)));
  rule(nestedGroup === undefined, `groups of stage ${name} must not lie in each other`, nestedGroup);
  rule(isList(data), `stage ${name} must name its data`, data);
  rule(learningRate > 0 && Number.isFinite(learningRate), `the rate of stage ${name} must be above 0`, learningRate);
  rule(isWhole(batchSize), `batchSize of stage ${name} must be a whole number above 0`, batchSize);
  rule((steps === undefined) !== (epochs === undefined), `stage ${name} needs steps or epochs, one of them`, [
    steps ?? null,
    epochs ?? null,
  ]);
  rule(
    isWhole(steps ?? epochs ?? 0),
    `steps or epochs of stage ${name} must be a whole number above 0`,
    steps ?? epochs,
  );
  rule(weightDecay >= 0, `weightDecay of stage ${name} must be at least 0`, weightDecay);
  rule(
    warmupFraction >= 0 && warmupFraction <= 1,
    `warmupFraction of stage ${name} must lie in [0, 1]`,
    warmupFraction,
  );
  rule(SCHEDULES.includes(stage.schedule ?? "cosine"), `schedules are ${SCHEDULES.join(", ")}`, stage.schedule);
}

const isList = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === "string" && one !== "");
