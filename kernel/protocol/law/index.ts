export * from "./figures";
export * from "./figures";
export * from "./messages";
export * from "./model";
export * from "./payload";
export * from "./points";
export * from "./spread";
