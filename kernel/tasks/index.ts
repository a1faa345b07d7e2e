/** Questions put to models, boxes, dense tasks and probes of frozen features, with their losses and scores. */
export { TaskError } from "./error";
export * as answers from "./answers";
export * as boxes from "./boxes";
export * as probe from "./probe";
export * as dense from "./dense";
export { seedMean, type SeedMean } from "./seeds";
