/** A bundle of the library and the session for a browser's worker; the three modules that meet Node are replaced. */
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";

const HERE = dirname(fileURLToPath(import.meta.url));
const KERNEL = resolve(HERE, "../../kernel");

const TWINS: Record<string, string> = {
  [join(KERNEL, "platform/node/index.ts")]: join(HERE, "memory-platform.ts"),
  [join(KERNEL, "backend/node/index.ts")]: join(HERE, "no-backend.ts"),
  [join(KERNEL, "session/node/index.ts")]: join(HERE, "worker-session.ts"),
};

const twins: Plugin = {
  name: "twins",
  setup({ onLoad }) {
    onLoad({ filter: /node[\\/]index\.ts$/ }, ({ path }) => {
      const twin = TWINS[path];
      return twin === undefined ? undefined : { contents: `export * from ${JSON.stringify(twin)};`, loader: "ts" };
    });
  },
};

/** @param contents the worker's module, as if it lay in this folder. Rejects when anything of Node is imported. */
export async function bundleWorker(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: HERE, loader: "ts" },
    bundle: true,
    write: false,
    format: "iife",
    platform: "browser",
    target: "es2022",
    minifySyntax: true,
    // The root package names its style sheets as all that has side effects.
    ignoreAnnotations: true,
    logLevel: "silent",
    // The package's own build for browsers.
    alias: { "csv-parse/sync": "csv-parse/browser/esm/sync" },
    plugins: [twins],
  });
  return outputFiles[0].text;
}
