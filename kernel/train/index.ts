/** Training: optimisers, gradients. */
export { AdamW, type AdamWOptions, type Optimiser, type ParameterGroup } from "./adamw";
export { TrainError } from "./error";
export { disposeGradients, lossAndGradients, type LossAndGradients } from "./gradients";
