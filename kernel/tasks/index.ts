/** Questions put to models and dense tasks, with their losses and scores: no training. */
export { TaskError } from "./error";
export * as answers from "./answers";
export * as dense from "./dense";
