import { element, freshId } from "../dom";

export interface Choice {
  value: string;
  label: string;
}

/** A form control under its label. */
export interface Field<T extends HTMLElement> {
  node: HTMLElement;
  control: T;
}

/** A labelled drop-down list. */
export function selectField(
  label: string,
  choices: readonly Choice[],
  onChange: (value: string) => void,
): Field<HTMLSelectElement> {
  const options = choices.map(({ value, label: text }) => element("option", { text, attributes: { value } }));
  const control = element("select", {}, ...options);
  control.addEventListener("change", () => onChange(control.value));
  return labeled(label, control);
}

/** A labelled slider from 0 to 1. */
export function sliderField(label: string, onInput: (value: number) => void): Field<HTMLInputElement> {
  const control = element("input", { attributes: { type: "range", min: "0", max: "1", step: "0.05" } });
  control.addEventListener("input", () => onInput(Number(control.value)));
  return labeled(label, control);
}

/** A labelled slider over positions from 0 to `count - 1`. */
export function stepField(label: string, count: number, onInput: (position: number) => void): Field<HTMLInputElement> {
  const control = element("input", { attributes: { type: "range", min: "0", max: String(count - 1), step: "1" } });
  control.addEventListener("input", () => onInput(Number(control.value)));
  return labeled(label, control);
}

/** A labelled line of text; `onEnter` when Enter is pressed or the field is left with a change. */
export function textField(label: string, onEnter: (value: string) => void): Field<HTMLInputElement> {
  // JupyterLab would take Enter and letters for the notebook's own commands.
  const attributes = { type: "text", spellcheck: "false", "data-lm-suppress-shortcuts": "" };
  const control = element("input", { attributes });
  control.addEventListener("keydown", (event) => event.stopPropagation());
  control.addEventListener("change", () => onEnter(control.value));
  return labeled(label, control);
}

function labeled<T extends HTMLElement>(label: string, control: T): Field<T> {
  control.id = freshId("field");
  const name = element("label", { text: label, attributes: { for: control.id } });
  return { node: element("div", { class: "jp-FoveaView-field" }, name, control), control };
}

export function button(text: string, title: string, onClick: () => void): HTMLButtonElement {
  const node = element("button", { text, attributes: { type: "button", title } });
  node.addEventListener("click", onClick);
  return node;
}

/** Shows in a button whether its option is on. */
export function press(node: HTMLButtonElement, on: boolean): void {
  node.setAttribute("aria-pressed", String(on));
}
