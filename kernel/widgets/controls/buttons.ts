import { own } from "../packing";
import { Widget } from "../model";
import { control, DESCRIBED, type ControlOptions, type DescribedState, type Style, type ViewState } from "./definition";

type Mood = "" | "primary" | "success" | "info" | "warning" | "danger";

/** State of a button. */
export interface ButtonState extends ViewState {
  description: string;
  /** Icon: a Font Awesome name without `fa-`. */
  icon: string;
  button_style: Mood;
  disabled: boolean;
  style: Style;
}

/** State of a switch. */
export interface CheckboxState extends DescribedState {
  value: boolean;
  /** Indent the box to the fields of other controls. Default true. */
  indent: boolean;
  disabled: boolean;
}

/** State of a button that stays pressed. */
export interface ToggleButtonState extends DescribedState {
  value: boolean;
  icon: string;
  button_style: Mood;
  disabled: boolean;
}

/** Button; see {@link onClick}. */
export class Button extends Widget<ButtonState> {
  /** Calls `handler`, which may be async, on each click. Returns a function that removes it. */
  onClick(handler: (button: Button) => unknown): () => void {
    const heard = (content: unknown): unknown => (own(content, "event") === "click" ? handler(this) : undefined);
    this.on("msg:custom", heard);
    return () => this.off("msg:custom", heard);
  }
}

/** Makes a button: `widgets.button({ description: "Run" }).onClick(() => …)`. */
export function button(options: ControlOptions<ButtonState> = {}): Button {
  const defaults = { button_style: "", description: "", disabled: false, icon: "" };
  return new Button(control("widgets.button", { model: "Button", style: "ButtonStyle", defaults }, options));
}

/** Makes a box to tick. */
export function checkbox(options: ControlOptions<CheckboxState> = {}): Widget<CheckboxState> {
  const defaults = { ...DESCRIBED, disabled: false, indent: true, value: false };
  return new Widget(control("widgets.checkbox", { model: "Checkbox", style: "CheckboxStyle", defaults }, options));
}

/** Makes a button that stays pressed. */
export function toggleButton(options: ControlOptions<ToggleButtonState> = {}): Widget<ToggleButtonState> {
  const defaults = { ...DESCRIBED, button_style: "", disabled: false, icon: "", value: false };
  const definition = { model: "ToggleButton", style: "ToggleButtonStyle", defaults } as const;
  return new Widget(control("widgets.toggleButton", definition, options));
}
