export { layoutNames, type LayoutName, type WriteSpec } from "./picture";
export { write, type WriteOptions } from "./writer";
