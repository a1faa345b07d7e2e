/** Pages with a viewer and no JupyterLab: the sources of a folder are bundled in seconds. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";

/** Packages that are not on the page: their names are there, and nothing behind them. */
const absent = (names: RegExp): Plugin => ({
  name: "absent",
  setup(made) {
    made.onResolve({ filter: names }, ({ path }) => ({ path, namespace: "absent" }));
    made.onLoad({ filter: /.*/, namespace: "absent" }, () => ({
      contents: "module.exports = new Proxy({}, { get: () => class {} });",
    }));
  },
});

/**
 * Bundles `page.ts` and `style/index.css` of a folder of sources to a page `page.html` in `out`: without JupyterLab, and without plotly
 * unless it is asked for.
 */
export async function bundlePage(
  sources: string,
  page: string,
  out: string,
  { plotly = false }: { plotly?: boolean } = {},
): Promise<void> {
  const shared = { bundle: true, logLevel: "error", absWorkingDir: sources } as const;
  const alias = { "fovea/protocol": join(sources, "kernel/protocol/index.ts") };
  const script = join(out, "page.js");
  await build({
    ...shared,
    entryPoints: [page],
    outfile: script,
    alias,
    plugins: [absent(plotly ? /^@jupyterlab\// : /^(@jupyterlab\/|plotly)/)],
    format: "iife",
  });
  await build({ ...shared, entryPoints: ["style/index.css"], outfile: join(out, "page.css") });
  writeFileSync(
    join(out, "page.html"),
    '<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="page.css"><script defer src="page.js"></script>',
  );
}
