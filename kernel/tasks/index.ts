/** What models are asked, and how answers are scored: no training. */
export { TaskError } from "./error";
export * as answers from "./answers";
