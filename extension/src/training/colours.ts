/** Colours of curves, from the theme: runs differ by dash and marker too. */
const NAMES = ["brand-color1", "warn-color1", "success-color1", "error-color1", "accent-color1", "info-color1"];

/** Reads the colours of curves from the present style of a node. */
export function curveColors(node: HTMLElement): string[] {
  const style = getComputedStyle(node);
  const named = [...NAMES, "ui-font-color1", "ui-font-color2"];
  return named.map((name) => style.getPropertyValue(`--jp-${name}`).trim()).filter(Boolean);
}
