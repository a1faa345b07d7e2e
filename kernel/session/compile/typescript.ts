/** The compiler of cells. */
import type * as TypeScript from "typescript";

export type ts = typeof TypeScript;
export { loadTypeScript } from "../node";
