export * from "./match";
export * from "./messages";
export * from "./payload";
export * from "./truth";
