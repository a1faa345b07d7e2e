/** Variables of JupyterLab that the viewers read, and the page's own rules. */
const LIGHT = {
  paper: "#fff",
  low: "#f2f2f2",
  ink: "#1f1f1f",
  soft: "#5a5a5a",
  edge: "#bdbdbd",
  brand: "#1565c0",
  error: "#b71c1c",
};
const DARK = {
  paper: "#111",
  low: "#2b2b2b",
  ink: "#f1f1f1",
  soft: "#bdbdbd",
  edge: "#616161",
  brand: "#64b5f6",
  error: "#ef9a9a",
};

function variables({ paper, low, ink, soft, edge, brand, error }: typeof LIGHT): string {
  const values: Record<string, string> = {
    "layout-color0": paper,
    "layout-color1": paper,
    "layout-color2": low,
    "layout-color3": edge,
    "ui-font-color0": ink,
    "ui-font-color1": ink,
    "ui-font-color2": soft,
    "content-font-color0": ink,
    "content-link-color": brand,
    "border-color1": edge,
    "border-color2": edge,
    "brand-color1": brand,
    "error-color1": error,
    "warn-color1": error,
    "inverse-layout-color0": ink,
    "inverse-layout-color1": ink,
    "ui-inverse-font-color1": paper,
  };
  return `:root{${Object.entries(values)
    .map(([name, value]) => `--jp-${name}:${value};`)
    .join("")}}`;
}

const FACES =
  ":root{--jp-ui-font-family:system-ui,sans-serif;--jp-code-font-family:monospace;--jp-code-font-size:13px;--jp-ui-font-size0:11px;--jp-ui-font-size1:13px;--jp-ui-font-size2:16px;--jp-ui-font-size3:20px;}";

const RULES = `
body{margin:0;background:var(--jp-layout-color1);color:var(--jp-ui-font-color1);font:15px/1.5 var(--jp-ui-font-family)}
main{max-width:1000px;margin:0 auto;padding:24px 16px 64px}
h1{font-size:28px;line-height:1.2}
h2{font-size:20px;margin:40px 0 8px;border-bottom:1px solid var(--jp-border-color1)}
p{max-width:75ch}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:4px 12px 4px 0;border-bottom:1px solid var(--jp-border-color1);vertical-align:top}
td.number{text-align:right}
figure{margin:12px 0}
img{max-width:100%;height:auto}
.wide{overflow-x:auto}
`;

/** The style sheet of a report, light or dark as the reader's system is. */
export const STYLE = `${FACES}${variables(LIGHT)}@media (prefers-color-scheme:dark){${variables(DARK)}}${RULES}`;
