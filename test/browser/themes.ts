/** Colors of JupyterLab's variables in three themes, for pages without JupyterLab. */
export const THEMES: Record<string, Record<string, string>> = {
  light: {
    paper: "#fff",
    low: "#f5f5f5",
    ink: "rgba(0,0,0,.87)",
    soft: "rgba(0,0,0,.6)",
    edge: "#bdbdbd",
    brand: "#1976d2",
    other: "#111",
    otherInk: "#fff",
  },
  dark: {
    paper: "#111",
    low: "#424242",
    ink: "#fff",
    soft: "rgba(255,255,255,.75)",
    edge: "#616161",
    brand: "#64b5f6",
    other: "#fff",
    otherInk: "#111",
  },
  "high-contrast": {
    paper: "#000",
    low: "#000",
    ink: "#fff",
    soft: "#fff",
    edge: "#fff",
    brand: "#ff0",
    other: "#fff",
    otherInk: "#000",
  },
};

/** The variables of a theme as CSS. */
export function themeCss(name: string): string {
  const { paper, low, ink, soft, edge, brand, other, otherInk } = THEMES[name];
  const variables: Record<string, string> = {
    "layout-color0": paper,
    "layout-color1": paper,
    "layout-color2": low,
    "ui-font-color0": ink,
    "ui-font-color1": ink,
    "ui-font-color2": soft,
    "border-color1": edge,
    "border-color2": edge,
    "brand-color1": brand,
    "inverse-layout-color0": other,
    "inverse-layout-color1": other,
    "ui-inverse-font-color1": otherInk,
    "ui-font-family": "sans-serif",
    "code-font-family": "monospace",
    "ui-font-size1": "13px",
    "ui-font-size2": "16px",
  };
  const lines = Object.entries(variables).map(([key, value]) => `--jp-${key}: ${value};`);
  return `:root { ${lines.join(" ")} } body { background: ${paper}; color: ${ink}; margin: 12px; }`;
}
