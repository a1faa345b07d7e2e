/**
 * Bundles the viewers that run without JupyterLab into `kernel/page/dist`, from the same sources as JupyterLab's:
 *
 * - `viewers/NAME.js`, a script of a page of ours that shows the page's saved views of one kind, and `viewers.css`;
 * - `widgets/NAME.mjs`, an ES module with anywidget's `render({ model, el })`, and `widgets.css`;
 * - `plotly.js`, on which some of these scripts draw: they expect it on their page;
 * - `words-ja.js`, the viewers' texts in Japanese, for a page in that language;
 * - `viewers.json`, the scripts of a page by the name of a view, in the order in which it runs them.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(root, "kernel", "page", "dist");
const sources = join(root, "extension", "src");
const shared = { bundle: true, minify: true, logLevel: "error", absWorkingDir: root };

const requireHere = createRequire(import.meta.url);
/** The part of plotly that draws figures on two axes, a third of the whole. */
const cartesian = requireHere.resolve("plotly.js/dist/plotly-cartesian.min.js");

/** Plotly is on the page already: one copy for all figures, and none in a viewer's script. */
const plotlyOfPage = {
  name: "plotly-of-page",
  setup(made) {
    made.onResolve({ filter: /^plotly\.js\// }, ({ path }) => ({ path, namespace: "page" }));
    made.onLoad({ filter: /.*/, namespace: "page" }, () => ({ contents: "module.exports = globalThis.Plotly;" }));
  },
};

/** Plotly within a module. */
export const plotlyInside = {
  name: "plotly-inside",
  setup: (made) => made.onResolve({ filter: /^plotly\.js\// }, () => ({ path: cartesian })),
};

/** Names of the viewers: the folders with a `kind.ts`. */
export const viewerNames = () => readdirSync(sources).filter((name) => existsSync(join(sources, name, "kind.ts")));

/** Writes scripts, modules and style sheets. */
export async function buildViewers() {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const names = viewerNames();
  await Promise.all(names.map((name) => script(name)));
  // Hosts of widgets show plotly's figures themselves.
  await Promise.all(names.filter((name) => name !== "plotly").map((name) => widget(name)));
  await build({ ...shared, entryPoints: [join(root, "style", "index.css")], outfile: join(out, "viewers.css") });
  await build({ ...shared, entryPoints: [join(root, "style", "widgets.css")], outfile: join(out, "widgets.css") });
  copyFileSync(cartesian, join(out, PLOTLY));
  writeFileSync(join(out, "words-ja.js"), `globalThis.foveaWords=${JSON.stringify(catalog())};`);
  const scripts = Object.fromEntries(names.map((name) => [name, scriptsOf(name)]));
  writeFileSync(join(out, "viewers.json"), JSON.stringify(scripts));
}

const PLOTLY = "plotly.js";

/** The scripts of a page with views of one kind. */
function scriptsOf(name) {
  const file = `viewers/${name}.js`;
  return readFileSync(join(out, file), "utf8").includes("globalThis.Plotly") ? [PLOTLY, file] : [file];
}

/** The Japanese texts of JupyterLab's catalog, without those of settings. */
function catalog() {
  const folder = join(root, "kernel", "python", "fovea_kernel", "locale", "ja_JP", "LC_MESSAGES");
  const texts = Object.entries(JSON.parse(readFileSync(join(folder, "jupyterlab_fovea.json"), "utf8")));
  return Object.fromEntries(texts.filter(([text]) => text !== "" && !text.startsWith("schema\u0004")));
}

const script = (name) =>
  bundle(`import { kind } from "./${name}/kind"; import { showSavedViews } from "./page"; showSavedViews(kind);`, {
    outfile: join(out, "viewers", `${name}.js`),
    format: "iife",
    plugins: [plotlyOfPage],
  });

const widget = (name) =>
  bundle(
    `import { kind } from "./${name}/kind"; import { widgetOf } from "./page/widget";
     const { render } = widgetOf(kind); export { render }; export default { render };`,
    { outfile: join(out, "widgets", `${name}.mjs`), format: "esm", plugins: [plotlyInside] },
  );

/** Bundles a few lines that stand in `extension/src`. */
export const bundle = (contents, options) =>
  build({
    ...shared,
    stdin: { contents, resolveDir: sources, loader: "ts" },
    alias: { "fovea/protocol": join(root, "kernel", "protocol", "index.ts") },
    ...options,
  });

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) void buildViewers();
