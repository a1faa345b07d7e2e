/** Questions put to models, the scores of their answers, and probes of frozen features. */
export { TaskError } from "./error";
export * as answers from "./answers";
export * as probe from "./probe";
export * as dense from "./dense";
