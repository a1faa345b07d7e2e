/** Questions put to models, and the scores of their answers: no training. */
export { TaskError } from "./error";
export * as answers from "./answers";
export * as dense from "./dense";
