/** The room under test, by the name under which notebooks know it. */
export * as lora from "../../kernel/lora/index.ts";
