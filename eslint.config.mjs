import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

export default defineConfig(
  globalIgnores([
    "**/dist/",
    "extension/lib/",
    "extension/labextension/",
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
      "no-restricted-syntax": [
        "error",
        { selector: "SpreadElement > ObjectExpression", message: "Write plain properties instead of `...{ a, b }`." },
        { selector: "SpreadElement > ArrayExpression", message: "Write plain elements instead of `...[x, y]`." },
      ],
      "no-restricted-exports": ["error", { restrictDefaultExports: { direct: true } }],
    },
  },
  { files: ["*.mjs", "**/*.mjs", "extension/src/index.ts"], rules: { "no-restricted-exports": "off" } },
);
