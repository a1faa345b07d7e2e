/** The plugins of all viewers, one line each. */
export { alignmentPlugin } from "../alignment";
export { attentionPlugin } from "../attention";
export { correspondencePlugin } from "../correspondence";
export { lawPlugin } from "../law";
export { plotlyPlugin } from "../plotly";
export { trainingPlugin } from "../training";
