import { dirname } from "node:path";
import type { CompilerOptions } from "typescript";

/** Types of the names that cells have without an import: the globals of this Node. */
export function hostTypes(): Pick<CompilerOptions, "lib" | "typeRoots" | "types"> {
  return {
    lib: librariesOf(Number(process.versions.node.split(".")[0])),
    // Our own @types/node, so that `setTimeout` has a type in any folder. Others are found when they are imported.
    typeRoots: [dirname(dirname(require.resolve("@types/node/package.json")))],
    types: ["node"],
  };
}

/** Names the TypeScript libraries of this Node. Each costs a start some milliseconds: no DOM, which a cell can reference. */
function librariesOf(node: number): string[] {
  const names = node >= 24 ? ["esnext"] : node >= 22 ? ["es2024", "esnext.collection", "esnext.iterator"] : ["es2023"];
  return [...names, "esnext.disposable"].map((name) => `lib.${name}.d.ts`);
}
