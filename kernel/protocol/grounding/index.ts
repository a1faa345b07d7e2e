export * from "./arithmetic";
export * from "./messages";
export * from "./payload";
