/** The library under test, by the names under which notebooks know it. */
export * as refine from "../../kernel/refine/index.ts";
export * as models from "../../kernel/models/index.ts";
export * from "../nn/names.ts";
