export * from "./messages";
export * from "./payload";
