import { checkArguments } from "../../rules/arguments";
import { literalPattern } from "../../rules/literal-pattern";
import type { Module } from "../../nn/module/module";
import type { Parameter } from "../../nn/module/parameter";
import { TrainError } from "../error";
import type { StageGroup } from "./stages";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";

/** Options of {@link layerDecay}. */
export interface LayerDecayOptions {
  /** Learning rate of the last layers: heads and poolers. */
  learningRate: number;
  /** Factor on the rate from each layer to the one below it, in (0, 1]. Default 0.75. */
  decay?: number;
  /** Weight decay of matrices; vectors and tokens have none. Default 0.05. */
  weightDecay?: number;
  /** Number of a block in a parameter's name, as its first group. Default: after `blocks`, `layers` or `layer`. */
  blocks?: RegExp;
  /** Parameters below the first block. Default: tokens, positions, patch embedding and the norm before the blocks. */
  stem?: RegExp;
  /** Parameters at the rate of the last block. Default: the final norm. */
  last?: RegExp;
}

const BLOCKS = /(?:^|\.)(?:blocks|layers?)\.(\d+)\./;
const STEM = /(?:^|\.)(?:cls_token|dist_token|reg_token|pos_embed|patch_embed|norm_pre)(?:\.|$)/;
const LAST = /(?:^|\.)norm\.(?:weight|bias)$/;
/** Tokens and positions, which timm never decays. */
const TOKENS = /(?:^|\.)(?:cls_token|dist_token|reg_token|pos_embed)$/;

const NAMES: OptionNames<LayerDecayOptions> = {
  learningRate: true,
  decay: true,
  weightDecay: true,
  blocks: true,
  stem: true,
  last: true,
};

/**
 * Returns the groups of a stage in which each layer learns more slowly than the one above it (timm's `param_groups_layer_decay`;
 * BEiT, arXiv 2106.08254): rate · decay^(layers above).
 *
 *     await train.fit({ model, data, loss, stages: [{ name: "tune", epochs: 5, groups: train.layerDecay(model, { learningRate: 1e-3 }) }] });
 *
 * @param model model whose frozen parameters stay out
 * @throws TrainError for a decay outside (0, 1], or a model without blocks
 */
export function layerDecay(model: Module, options: LayerDecayOptions): StageGroup[] {
  checkArguments("train.layerDecay", TrainError, { model }, { model: "module" });
  checkOptionNames("train.layerDecay", options, NAMES, TrainError);
  const { learningRate, decay = 0.75, weightDecay = 0.05, blocks = BLOCKS, stem = STEM, last = LAST } = options;
  if (!(decay > 0 && decay <= 1)) throw new TrainError("train.layerDecay", "decay must lie in (0, 1]", decay);
  const parameters = [...model.namedParameters()].filter(([, parameter]) => parameter.trainable);
  const blockOf = (name: string): number => Number(blocks.exec(name)?.[1] ?? -1);
  const top = parameters.reduce((most, [name]) => Math.max(most, blockOf(name)), -1);
  if (top < 0)
    throw new TrainError("train.layerDecay", "names of trainable parameters must have blocks", String(blocks));
  const layerOf = (name: string): number => {
    if (blockOf(name) >= 0) return blockOf(name) + 1;
    if (stem.test(name)) return 0;
    return last.test(name) ? top + 1 : top + 2;
  };
  return gather(parameters, layerOf).map(({ layer, isDecayed, names }) => ({
    parameters: namesPattern(names),
    learningRate: learningRate * decay ** (top + 2 - layer),
    weightDecay: isDecayed ? weightDecay : 0,
  }));
}

/** Parameters of one layer, those with weight decay or those without. */
interface LayerGroup {
  layer: number;
  isDecayed: boolean;
  names: string[];
}

function gather(parameters: readonly [string, Parameter][], layerOf: (name: string) => number): LayerGroup[] {
  const groups = new Map<string, LayerGroup>();
  for (const [name, { shape }] of parameters) {
    const layer = layerOf(name);
    const isDecayed = shape.length > 1 && !TOKENS.test(name);
    const group = groups.get(`${layer} ${isDecayed}`) ?? { layer, isDecayed, names: [] };
    group.names.push(name);
    groups.set(`${layer} ${isDecayed}`, group);
  }
  return [...groups.values()];
}

/** Returns the pattern of exactly these names. */
const namesPattern = (names: readonly string[]): RegExp => new RegExp(`^(?:${names.map(literalPattern).join("|")})$`);
