import { dirname } from "node:path";
import type { CompilerOptions } from "typescript";
import type { LateTypes } from "../compile/late-types";

const NODE_TYPES = dirname(require.resolve("@types/node/package.json"));

/** Types of the names that cells have without an import: the globals of this Node. */
export function hostTypes(): Pick<CompilerOptions, "lib" | "typeRoots" | "types"> {
  return {
    lib: librariesOf(Number(process.versions.node.split(".")[0])),
    // Our own @types/node, so that `setTimeout` has a type in any folder. Others are found when they are imported.
    typeRoots: [dirname(NODE_TYPES)],
    types: ["node"],
  };
}

/** Names the TypeScript libraries of this Node. Each costs a start some milliseconds: no DOM, which a cell can reference. */
function librariesOf(node: number): string[] {
  const names = node >= 24 ? ["esnext"] : node >= 22 ? ["es2024", "esnext.collection", "esnext.iterator"] : ["es2023"];
  return [...names, "esnext.disposable"].map((name) => `lib.${name}.d.ts`);
}

/** Modules of Node that neither its globals nor its other modules need, each in a separate file: a third of all declarations. */
const LATE = [
  "cluster",
  "diagnostics_channel",
  "domain",
  "http2",
  "https",
  "inspector",
  "punycode",
  "repl",
  "sea",
  "string_decoder",
  "test",
  "trace_events",
  "v8",
  "wasi",
  "zlib",
];
const NAMED = new RegExp(`["'\`](?:node:)?(?:${LATE.join("|")})(?:/\\w+)?["'\`]|\\bgetBuiltinModule\\b`);

/** Returns the declarations of Node that a session starts without. */
export function lateTypes(): LateTypes {
  const folder = `${NODE_TYPES.replaceAll("\\", "/")}/`;
  const fileOf = (name: string): string => `${folder}${name === "inspector" ? "inspector.generated" : name}.d.ts`;
  return { folder, files: new Set(LATE.map(fileOf)), named: NAMED };
}
