/** Bundles the viewers that run without JupyterLab into `kernel/report/dist`: a script and a style sheet for pages of `fovea report`. */
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Writes `viewers.js` and `viewers.css`. */
export async function buildViewers() {
  const shared = { bundle: true, minify: true, logLevel: "error", absWorkingDir: root };
  const out = join(root, "kernel", "report", "dist");
  const alias = { "fovea/protocol": join(root, "kernel", "protocol", "index.ts") };
  const page = join("extension", "src", "page", "index.ts");
  await build({ ...shared, entryPoints: [page], outfile: join(out, "viewers.js"), format: "iife", alias });
  await build({ ...shared, entryPoints: [join("style", "index.css")], outfile: join(out, "viewers.css") });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) void buildViewers();
