export * from "./figures";
export * from "./payload";
