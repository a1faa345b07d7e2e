import { own } from "../packing";
import { Widget } from "../model";
import { control, DESCRIBED, type ControlOptions, type DescribedState, type Style, type ViewState } from "./definition";

type Mood = "" | "primary" | "success" | "info" | "warning" | "danger";

/** State of a button. */
export interface ButtonState extends ViewState {
  description: string;
  /** A Font Awesome name without `fa-`. */
  icon: string;
  button_style: Mood;
  disabled: boolean;
  style: Style;
}

/** State of what is on or off. */
export interface CheckboxState extends DescribedState {
  value: boolean;
  /** Default true: the box stands where the fields of other controls begin. */
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

/** A button; see {@link onClick}. */
export class Button extends Widget<ButtonState> {
  /** Calls `handler`, which may be async, on each click. Returns what removes it. */
  onClick(handler: (button: Button) => unknown): () => void {
    const heard = (content: unknown): unknown => (own(content, "event") === "click" ? handler(this) : undefined);
    this.on("msg:custom", heard);
    return () => this.off("msg:custom", heard);
  }
}

/** A button: `widgets.button({ description: "Run" }).onClick(() => …)`. */
export function button(options: ControlOptions<ButtonState> = {}): Button {
  const defaults = { button_style: "", description: "", disabled: false, icon: "" };
  return new Button(control("widgets.button", { model: "Button", style: "ButtonStyle", defaults }, options));
}

/** A box to tick. */
export function checkbox(options: ControlOptions<CheckboxState> = {}): Widget<CheckboxState> {
  const defaults = { ...DESCRIBED, disabled: false, indent: true, value: false };
  return new Widget(control("widgets.checkbox", { model: "Checkbox", style: "CheckboxStyle", defaults }, options));
}

/** A button that stays pressed. */
export function toggleButton(options: ControlOptions<ToggleButtonState> = {}): Widget<ToggleButtonState> {
  const defaults = { ...DESCRIBED, button_style: "", disabled: false, icon: "", value: false };
  const definition = { model: "ToggleButton", style: "ToggleButtonStyle", defaults } as const;
  return new Widget(control("widgets.toggleButton", definition, options));
}
