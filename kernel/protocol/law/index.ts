export * from "./layout";
export * from "./messages";
export * from "./model";
export * from "./payload";
