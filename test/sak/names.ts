/** The library under test, by the names under which notebooks know it. */
export * as sak from "../../kernel/sak/index.ts";
export * as models from "../../kernel/models/index.ts";
export * from "../nn/names.ts";
export * as tasks from "../../kernel/tasks/index.ts";
