/** Visual Cue Enhancement: several levels of a frozen encoder in one set of tokens. */
export type { VceOptions } from "./config";
export { VceError } from "./error";
export { LevelAttention } from "./layers";
export { Vce } from "./model";
