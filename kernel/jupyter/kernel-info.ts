/** Static answer to `kernel_info_request`. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PROTOCOL_VERSION, type Content } from "./wire";

function packageVersion(folder: string): string {
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string };
  return version;
}

/** Version of the package `fovea`. */
export const VERSION = packageVersion(join(__dirname, "..", ".."));

/** Returns the version of the cells' TypeScript without loading it. */
function typescriptVersion(): string {
  return packageVersion(dirname(require.resolve("typescript/package.json")));
}

/** Returns the content of a `kernel_info_reply`. */
export function kernelInfo(): Content {
  const typescript = typescriptVersion();
  return {
    status: "ok",
    protocol_version: PROTOCOL_VERSION,
    implementation: "fovea",
    implementation_version: VERSION,
    language_info: {
      name: "typescript",
      version: typescript,
      mimetype: "text/x-typescript",
      file_extension: ".ts",
      pygments_lexer: "typescript",
      codemirror_mode: { name: "javascript", typescript: true },
      nbconvert_exporter: "script",
    },
    banner: `Fovea ${VERSION} (TypeScript ${typescript}, Node ${process.versions.node})`,
    debugger: false,
    supported_features: [],
    help_links: [
      { text: "TypeScript", url: "https://www.typescriptlang.org/docs/" },
      { text: "Node.js", url: "https://nodejs.org/docs/latest-v20.x/api/" },
    ],
  };
}
