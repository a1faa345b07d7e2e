/** The plugins of all viewers, one line each. */
export { alignmentPlugin } from "../alignment";
export { atlasPlugin } from "../atlas";
export { attentionPlugin } from "../attention";
export { correspondencePlugin } from "../correspondence";
export { galleryPlugin } from "../gallery";
export { groundingPlugin } from "../grounding";
export { lawPlugin } from "../law";
export { plotlyPlugin } from "../plotly";
export { refinementPlugin } from "../refinement";
export { reviewPlugin } from "../review";
export { trainingPlugin } from "../training";
