import { builtinModules } from "node:module";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";
import fovea from "./test/lint/rooms.mjs";

/** Places that may use Node; every other room asks `kernel/platform`, so that it runs in a browser too. */
const NODE_ROOMS = [
  // The seam itself, and its two neighbors: contexts and streams of a session, the devices of this machine.
  "kernel/platform/node/**",
  "kernel/session/node/**",
  "kernel/backend/node/**",
  // Installs programs with pip and npm; a browser has neither.
  "kernel/backend/install/**",
  // The kernel process of Jupyter: sockets and child processes.
  "kernel/jupyter/**",
  // The command line.
  "kernel/cli/**",
  "kernel/cli.ts",
  // Programs that make the zoo's training data; no room imports them.
  "kernel/zoo/train/**",
];
/** Modules of Node with and without the prefix, and packages with native parts. */
const NODE_MODULES = `^(node:|(${builtinModules.filter((name) => !name.startsWith("_")).join("|")})$|sharp$|onnxruntime-node|zeromq)`;
/** Selectors have no sign for a slash inside of an expression. */
const NODE_IMPORT = `ImportExpression[source.value=/${NODE_MODULES.replaceAll("/", "\\u002f")}/]`;
const ASK_PLATFORM = "Ask kernel/platform: this room also runs in a browser.";
const NODE_GLOBALS = ["Buffer", "process", "global", "require", "module", "setImmediate", "__dirname", "__filename"];

/** A later setting of `no-restricted-syntax` replaces an earlier one, so both name these. */
const PACKING = [
  { selector: "SpreadElement > ObjectExpression", message: "Write plain properties instead of `...{ a, b }`." },
  { selector: "SpreadElement > ArrayExpression", message: "Write plain elements instead of `...[x, y]`." },
];

export default defineConfig(
  globalIgnores([
    "**/dist/",
    "kernel/dist-browser*/",
    "extension/lib/",
    "extension/labextension/",
    "extension/lite/lib/",
    "extension/lite/labextension/",
    "docs/reference/",
    ".venv/",
    ".fovea/",
    "**/node_modules/",
  ]),
  tseslint.configs.recommended,
  {
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/consistent-type-imports": [
        "error",
        { fixStyle: "separate-type-imports", disallowTypeAnnotations: false },
      ],
      "no-restricted-syntax": ["error", ...PACKING],
      "no-restricted-exports": ["error", { restrictDefaultExports: { direct: true } }],
    },
  },
  {
    files: ["kernel/**/*.ts"],
    ignores: NODE_ROOMS,
    rules: {
      "no-restricted-globals": ["error", ...NODE_GLOBALS.map((name) => ({ name, message: ASK_PLATFORM }))],
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            { regex: NODE_MODULES, allowTypeImports: false, message: ASK_PLATFORM },
            {
              regex: "/(platform|session|backend)/node/|^\\./node/.|^\\.\\./node/.",
              message: "Import the folder's index, the one module that a bundle for a browser replaces.",
            },
          ],
        },
      ],
      "no-restricted-syntax": ["error", ...PACKING, { selector: NODE_IMPORT, message: ASK_PLATFORM }],
    },
  },
  {
    files: ["kernel/**/*.ts", "extension/src/**/*.ts"],
    plugins: { fovea },
    rules: { "fovea/rooms": "error", "fovea/spreads": "error" },
  },
  {
    files: ["*.mjs", "**/*.mjs", "extension/src/index.ts", "extension/lite/src/index.ts"],
    rules: { "no-restricted-exports": "off" },
  },
);
