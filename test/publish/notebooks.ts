/** Notebooks for the tests of published pages. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Writes a notebook of these cells. @returns its path */
export function writeNotebook(folder: string, name: string, cells: object[], rest: object = {}): string {
  const path = join(folder, name);
  const metadata = { kernelspec: { name: "fovea", language: "typescript" } };
  writeFileSync(path, JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata, cells, ...rest }));
  return path;
}

export const text = (source: string, attachments: object = {}): object => ({
  cell_type: "markdown",
  source,
  attachments,
});

export const code = (source: string, ...outputs: object[]): object => ({ cell_type: "code", source, outputs });

export const shown = (data: object): object => ({ output_type: "display_data", data, metadata: {} });

/** One white pixel. */
export const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mP8/x8AAwMCAO+ip1sAAAAASUVORK5CYII=";

/** Attempts of a hostile author: each part would set `window.hacked`, or ask this host. */
export const HOST = "http://hostile.invalid";
const RUN = "window.hacked=(window.hacked||0)+1";

export const hostileCells: object[] = [
  text(`# Hostile <img src=x onerror="${RUN}"> title`),
  text(`<script>${RUN}</script><iframe src="${HOST}/frame"></iframe><link rel="stylesheet" href="${HOST}/style.css">`),
  text(
    `![pixel](${HOST}/pixel.png) [click](javascript:${RUN}) <a href="jav&#x09;ascript:${RUN}">b</a> <base href="${HOST}/">`,
  ),
  text(
    `<svg><style><img src="</style><img src=x onerror=${RUN}>"></svg><math><mtext></form><form><mglyph><style></math><img src=x onerror=${RUN}>`,
  ),
  text(
    `<meta http-equiv="refresh" content="0;url=${HOST}"><form action="${HOST}"><button>send</button></form><style>@import url(${HOST})</style>`,
  ),
  text(`\ue0000\ue001 $\\href{javascript:${RUN}}{x}$ $\\url{${HOST}}$ $\\includegraphics{${HOST}/a.png}$`),
  text("![own](attachment:x.png)", { "x.png": { 'image/png" onerror="window.hacked=1': "AAAA" } }),
  code(`</code></pre><script>${RUN}</script>`, {
    output_type: "stream",
    name: "stdout",
    text: `<script>${RUN}</script>\u001b[31mred\u001b[0m`,
  }),
  code("html", shown({ "text/html": `<b>kept</b><img src=x onerror="${RUN}"><script src="${HOST}/x.js"></script>` })),
  code("html only", shown({ "text/html": `<script>${RUN}</script>`, "text/plain": "words of the program" })),
  code("js", shown({ "application/javascript": RUN, "text/plain": "words of the script" })),
  code(
    "svg",
    shown({
      "image/svg+xml": `<svg xmlns="http://www.w3.org/2000/svg" onload="${RUN}"><script>${RUN}</script><image href="${HOST}/a.png"/></svg>`,
    }),
  ),
  code("png", shown({ "image/png": `x" onerror="${RUN}`, "text/plain": "no picture" })),
  code(
    "figure",
    shown({
      "application/vnd.plotly.v1+json": {
        data: [
          { y: [1, 2], text: [`<a href="javascript:${RUN}">x</a>`, "<img src=x onerror=1>"], mode: "markers+text" },
        ],
        layout: {
          images: [{ source: `${HOST}/plot.png`, x: 0, y: 1, sizex: 1, sizey: 1 }],
          title: { text: "A figure" },
        },
      },
      "text/plain": "figure",
    }),
  ),
  code(
    "views",
    shown({
      "application/vnd.fovea.correspondence.v1+json": { title: `</script><script>${RUN}</script>` },
      "image/png": PIXEL,
      "text/plain": "a broken view",
    }),
    shown({
      "application/vnd.fovea.correspondence.v9+json": { title: `</script><script>${RUN}</script>` },
      "image/png": PIXEL,
      "text/plain": "a view of the future",
    }),
  ),
  code("unknown", { output_type: "future" }, shown({ "application/x-unknown": {} })),
  code("broken", { output_type: "error", ename: "E", evalue: "<b>", traceback: [`\u001b[31m<script>${RUN}</script>`] }),
];
