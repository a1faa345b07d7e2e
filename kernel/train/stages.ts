import { sha256 } from "../platform";
import type { Module } from "../nn/module";
import type { Parameter } from "../nn/parameter";
import type { ParameterGroup } from "./optimizer";
import { TrainError } from "./error";
import type { Schedule } from "./schedule";

/** Parameters of a stage that train at one rate. */
export interface StageGroup {
  /** Which parameters, by dotted name: text is a beginning of the name's parts (`lora` is not `lora_A`), or a pattern. */
  parameters: string | RegExp;
  learningRate: number;
  /** Default the optimiser's. */
  weightDecay?: number;
}

/** One stage of a training: what trains, for how long, at what rates. All that no group names is frozen. */
export interface Stage {
  name: string;
  /** A parameter belongs to the first group that names it. */
  groups: readonly StageGroup[];
  /** Updates; or give `epochs`. */
  steps?: number;
  /** Passes over the data; or give `steps`. */
  epochs?: number;
  /** Default constant. */
  schedule?: Schedule;
}

/** What a stage means for one model. */
export interface StagePlan {
  groups: (ParameterGroup & { label: string })[];
  trained: Map<string, Parameter>;
  frozen: Map<string, Parameter>;
}

/** What a stage did. */
export interface StageReport {
  name: string;
  steps: number;
  /** Names of what trained. */
  trained: string[];
  /** Names of what was frozen, whose bits are the same as before: `hash` is of both. */
  frozen: { name: string; hash: string }[];
}

const matches = (rule: string | RegExp, name: string): boolean =>
  typeof rule === "string" ? name === rule || name.startsWith(`${rule}.`) : rule.test(name);

/** Sorts a model's parameters into a stage's groups; refuses a group without any. */
export function planStage(model: Module, { name: stage, groups }: Stage): StagePlan {
  const parameters = model.namedParameters();
  const frozen = new Map(parameters);
  const trained = new Map<string, Parameter>();
  const planned = groups.map(({ parameters: rule, learningRate, weightDecay }) => {
    const own = new Map([...frozen].filter(([name]) => matches(rule, name)));
    if (!own.size)
      throw new TrainError(
        "train.fit",
        `a group of stage ${stage} must name a parameter that no earlier group has; there are ${[...frozen.keys()].join(", ")}`,
        String(rule),
      );
    for (const [name, parameter] of own) {
      frozen.delete(name);
      trained.set(name, parameter);
    }
    return { label: String(rule), parameters: own, learningRate, weightDecay };
  });
  return { groups: planned, trained, frozen };
}

/** SHA-256 of each parameter's bits. */
export async function hashParameters(parameters: ReadonlyMap<string, Parameter>): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  for (const [name, parameter] of parameters)
    hashes.set(
      name,
      sha256()
        .update(await parameter.read())
        .digest("hex"),
    );
  return hashes;
}
