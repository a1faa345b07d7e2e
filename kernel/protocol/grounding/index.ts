export * from "./arithmetic";
export * from "./attention";
export * from "./messages";
export * from "./payload";
