/** Everything a notebook may import from `"fovea"`. */
export { law, LawError } from "./law";
export type * from "./law";
