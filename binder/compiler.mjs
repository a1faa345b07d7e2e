/**
 * Writes TypeScript without what only people read, as the session loads it: two fifths of the text, which V8 holds once for each
 * thread of a session and once in its start-up snapshot.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";

const kernel = fileURLToPath(new URL("../kernel/", import.meta.url));
const require = createRequire(join(kernel, "package.json"));

const { version } = require("typescript/package.json");
const text = readFileSync(require.resolve("typescript"), "utf8");
const { code } = await transform(text, { minify: true, platform: "node", target: "node20", legalComments: "inline" });
writeFileSync(join(kernel, "dist", `typescript-${version}.js`), code);
