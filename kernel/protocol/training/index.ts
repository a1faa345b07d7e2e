export * from "./charts";
export * from "./curve";
export * from "./matrix";
export * from "./messages";
export * from "./payload";
export * from "./read";
export * from "./record";
export * from "./words";
