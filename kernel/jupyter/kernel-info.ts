/** Versions of the kernel in Node. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describeKernel } from "./language";
import type { Content } from "./messages";

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
export const kernelInfo = (): Content =>
  describeKernel({ fovea: VERSION, typescript: typescriptVersion(), engine: `Node ${process.versions.node}` });
