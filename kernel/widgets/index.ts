/**
 * Two-way widgets over the `jupyter.widget` protocol 2.1: ipywidgets' core controls, anywidget modules, models of any
 * other library. The kernel needs only comms; the views come from those packages' front ends where they are installed.
 */
export * as widgets from "./api";
export { WidgetError } from "./error";
export { Widget, type WidgetHandle, type WidgetSetup } from "./model";
export type { AnywidgetOptions, ModelIdentity } from "./anywidget";
export {
  Button,
  Output,
  type BoundedState,
  type BoxOptions,
  type BoxState,
  type ButtonState,
  type CheckboxState,
  type ColorPickerState,
  type ControlOptions,
  type DescribedState,
  type ImageState,
  type Layout,
  type LayoutState,
  type LinkState,
  type ListState,
  type NumberState,
  type OutputState,
  type PagesOptions,
  type PagesState,
  type PlayState,
  type ProgressState,
  type RadioButtonsState,
  type RangeSliderState,
  type SelectionOptions,
  type SelectionState,
  type SliderState,
  type Style,
  type StyleState,
  type TextareaState,
  type TextState,
  type ToggleButtonsState,
  type ToggleButtonState,
  type ViewState,
  type WordsState,
} from "./controls";
