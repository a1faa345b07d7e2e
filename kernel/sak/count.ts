import { vitParameters } from "../models/vit/count";
import { fullSakConfig, type SakConfig, type SakTeacher } from "./config";

/** Numbers of weights of a student's parts; running means of batch norms are no weights. */
export interface SakParameters {
  stem: number;
  /** Number of weights of one adapter. */
  adapter: number;
  adapters: number;
  norms: number;
  /** Number of weights of the linear layers that distillation alone needs. */
  aligners: number;
  /** Number of weights of the router of one task and level. */
  router: number;
  routers: number;
  heads: number;
  /** Number of all weights but the aligners', which the trained student drops. */
  total: number;
}

/**
 * Returns the numbers of weights of a student (arXiv 2410.14633) without making one.
 *
 *     sak.parameters({ stem: models.vitConfig("vit_small_patch16_384", { imgSize: 512 }), teachers: ["dino"] })
 *
 * @throws SakError for an invalid configuration
 */
export function parameters(config: SakConfig): SakParameters {
  const { stem, teachers, tasks, levels, router: kind, noisyGating, headWidth } = fullSakConfig(config);
  const { embedDim: C, depth } = stem;
  const stemSize = vitParameters({ ...config.stem, finalNorm: false, numClasses: 0 });
  const adapter = linear(C, C / 4) + linear(C / 4, C) + 1;
  const adapters = teachers.length * (depth + 1) * adapter;
  const norms = teachers.length * levels.length * 2 * C;
  const outputs = (noisyGating ? 2 : 1) * (teachers.length + 1);
  const router = kind === "none" ? 0 : linear(C, C / 2) + C + linear(C / 2, outputs);
  const channels = Object.values(tasks);
  const routers = channels.length * levels.length * router;
  const heads = channels.reduce((sum, n) => sum + headSize(C, headWidth, levels.length, n), 0);
  const total = stemSize + adapters + norms + routers + heads;
  const aligners = alignersOf(teachers, C) * levels.length;
  return { stem: stemSize, adapter, adapters, norms, aligners, router, routers, heads, total };
}

const linear = (inputs: number, outputs: number): number => inputs * outputs + outputs;

const headSize = (features: number, width: number, levels: number, outputs: number): number =>
  levels * linear(features, width / 4) + linear(9 * levels * (width / 4), width) + 2 * width + linear(width, outputs);

const alignersOf = (teachers: readonly Required<SakTeacher>[], features: number): number =>
  teachers.reduce((sum, { width }) => sum + (width === features ? 0 : linear(features, width)), 0);
