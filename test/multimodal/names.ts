/** The room under test, by the name under which notebooks know it. */
export * as multimodal from "../../kernel/models/index.ts";
