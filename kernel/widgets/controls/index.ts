export * from "./buttons";
export * from "./containers";
export * from "./dates";
export * from "./files";
export * from "./numbers";
export * from "./outputs";
export * from "./selection";
export * from "./text";
export {
  layout,
  type ControlOptions,
  type DescribedState,
  type Layout,
  type LayoutState,
  type Style,
  type StyleState,
  type ViewState,
} from "./definition";
