export * from "./arithmetic";
export * from "./payload";
