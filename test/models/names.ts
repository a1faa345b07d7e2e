/** The rooms under test, by the names under which notebooks know them. */
export * as models from "../../kernel/models/index.ts";
export * as studies from "../../kernel/studies/index.ts";
export * as tasks from "../../kernel/tasks/index.ts";
