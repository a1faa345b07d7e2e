import { sha256Of } from "../../platform";
import type { Module } from "../../nn/module/module";
import type { Parameter } from "../../nn/module/parameter";
import type { ParameterGroup } from "./optimizer";
import { TrainError } from "../error";
import type { Schedule } from "./schedule";

/** Parameters of a stage that train at one rate. */
export interface StageGroup {
  /**
   * Parameters by dotted name: a text matches the first parts of the name (`lora` does not match `lora_A`), or a
   * pattern.
   */
  parameters: string | RegExp;
  learningRate: number;
  /** Weight decay of the group. Default: the optimizer's. */
  weightDecay?: number;
}

/** Stage of a training: parameters, duration and rates. Parameters outside the groups are frozen. */
export interface Stage {
  name: string;
  /** Groups of parameters; a parameter belongs to the first matching group. */
  groups: readonly StageGroup[];
  /** Number of updates; alternative to `epochs`. */
  steps?: number;
  /** Passes over the data; alternative to `steps`. */
  epochs?: number;
  /** Schedule of the rates. Default: constant. */
  schedule?: Schedule;
}

/** Stage resolved against one model. */
export interface StagePlan {
  groups: (ParameterGroup & { label: string })[];
  trained: Map<string, Parameter>;
  frozen: Map<string, Parameter>;
}

/** Report of a stage. */
export interface StageReport {
  name: string;
  steps: number;
  /** Names of the trained parameters. */
  trained: string[];
  /** Frozen parameters, each with the hash of its bits before and after the stage. */
  frozen: { name: string; hash: string }[];
}

const matches = (rule: string | RegExp, name: string): boolean =>
  typeof rule === "string" ? name === rule || name.startsWith(`${rule}.`) : rule.test(name);

/**
 * Assigns a model's parameters to a stage's groups.
 *
 * @throws TrainError for a group without parameters
 */
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

/** Returns the SHA-256 of each parameter's bits. */
export async function hashParameters(parameters: ReadonlyMap<string, Parameter>): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  for (const [name, parameter] of parameters) hashes.set(name, sha256Of(await parameter.read()));
  return hashes;
}
