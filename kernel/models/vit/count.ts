import { fullConfig, type FullVitConfig, type VitConfig } from "./config";

/**
 * Returns the number of parameters of a vision transformer without making one.
 *
 *     models.vitParameters(models.vitConfig("aimv2_huge_patch14_448"))   // 682,031,616
 *
 * @throws ModelError for an unknown key, or values that contradict each other
 */
export function vitParameters(config: VitConfig): number {
  const full = fullConfig(config);
  return stemOf(full) + prefixOf(full) + full.depth * blockOf(full) + endOf(full);
}

const linear = (inputs: number, outputs: number, bias: boolean): number => inputs * outputs + (bias ? outputs : 0);

const normOf = ({ normLayer }: FullVitConfig, features: number): number => (normLayer === "rms" ? 1 : 2) * features;

function stemOf(config: FullVitConfig): number {
  let [channels, count] = [config.inChans, 0];
  for (const step of config.stem) {
    count += linear(9 * channels, step.channels, true) * (step.residual ? 2 : 1);
    channels = step.channels;
  }
  const patch = linear(channels * config.patchSize ** 2, config.embedDim, config.patchBias);
  return count + patch + (config.embedNorm ? normOf(config, config.embedDim) : 0);
}

/** Number of values of prefix tokens and positions. */
function prefixOf(config: FullVitConfig): number {
  const { embedDim, posEmbed, noEmbedClass } = config;
  const prefix = Number(config.classToken) + Number(config.distToken) + config.regTokens;
  const [rows, columns] = config.imgSize.map((side) => gridSide(side, config));
  const positions = posEmbed === "learn" ? rows * columns + (noEmbedClass ? 0 : prefix) : 0;
  return (prefix + positions) * embedDim + (config.preNorm ? normOf(config, embedDim) : 0);
}

/** Returns the number of patches along a side. */
function gridSide(side: number, { stem, patchSize, patchStride }: FullVitConfig): number {
  const reduced = stem.reduce((size, { stride = 1 }) => Math.floor((size - 1) / stride) + 1, side);
  return Math.floor((reduced - patchSize) / patchStride) + 1;
}

function blockOf(config: FullVitConfig): number {
  const { embedDim: C, numHeads, qkvBias, projBias, initValues } = config;
  const heads = config.qkNorm ? 2 * normOf(config, C / numHeads) : 0;
  const attention = linear(C, 3 * C, qkvBias) + linear(C, C, projBias) + heads;
  return attention + mlpOf(config) + 2 * normOf(config, C) + (initValues === null ? 0 : 2 * C);
}

function mlpOf({ embedDim: C, hiddenDim: F, mlpLayer, projBias }: FullVitConfig): number {
  const first = linear(C, F, projBias) * (mlpLayer === "swiglu" ? 2 : 1);
  return first + linear(mlpLayer === "swiglu-packed" ? F / 2 : F, C, projBias);
}

/** Number of values of the final norm, the pooling head and the classes. */
function endOf(config: FullVitConfig): number {
  const { embedDim: C, numClasses, headBias, distToken, globalPool, hiddenDim: F } = config;
  const mlp = linear(C, F, true) + linear(F, C, true);
  const pool = globalPool === "map" ? C + linear(C, 4 * C, true) + normOf(config, C) + mlp : 0;
  const classes = numClasses ? linear(C, numClasses, headBias) + (distToken ? linear(C, numClasses, true) : 0) : 0;
  return (config.finalNorm ? normOf(config, C) : 0) + pool + classes;
}
