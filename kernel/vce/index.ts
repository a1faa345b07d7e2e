/** Visual Cue Enhancement: several levels of a frozen encoder in one set of tokens. */
export { VceError } from "./error";
export { Vce, type VceOptions } from "./vce";
