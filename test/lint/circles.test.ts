import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Paths of the sources below a folder. */
const sources = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ["node_modules", "dist", "lib", "zoo"].includes(entry.name) ? [] : sources(path);
    return entry.name.endsWith(".ts") && !entry.name.endsWith(".d.ts") ? [path] : [];
  });

/** Files whose values a file imports; types leave no import behind. */
function valuesOf(path: string, text: string): string[] {
  const { statements } = ts.createSourceFile(path, text, ts.ScriptTarget.Latest);
  return statements.flatMap((statement) => {
    const isTypes = ts.isImportDeclaration(statement)
      ? isTypeImport(statement.importClause)
      : ts.isExportDeclaration(statement) && (statement.isTypeOnly || areTypes(statement.exportClause));
    const from = (statement as ts.ImportDeclaration | ts.ExportDeclaration).moduleSpecifier;
    if (isTypes || !from || !ts.isStringLiteral(from) || !from.text.startsWith(".")) return [];
    const base = resolve(dirname(path), from.text);
    return [base, `${base}.ts`, join(base, "index.ts")].filter((file) => existsSync(file) && statSync(file).isFile());
  });
}

const areTypes = (clause: ts.NamedImportBindings | ts.NamedExportBindings | undefined): boolean =>
  clause !== undefined &&
  (ts.isNamedImports(clause) || ts.isNamedExports(clause)) &&
  clause.elements.every(({ isTypeOnly }) => isTypeOnly);

const isTypeImport = (clause: ts.ImportClause | undefined): boolean =>
  clause !== undefined && (clause.isTypeOnly || (!clause.name && areTypes(clause.namedBindings)));

/** Circles of a graph, each as the files along it. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const walk = (file: string, path: string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) return void found.push(path.slice(at));
    if (done.has(file)) return;
    for (const next of graph.get(file) ?? []) walk(next, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) walk(file, []);
  return found;
}

it("finds circles of values and leaves types out", () => {
  assert.deepEqual(circles(new Map([["a", ["b"]], ["b", ["c"]], ["c", ["b"]]])), [["b", "c"]]); // prettier-ignore
  const here = fileURLToPath(import.meta.url);
  assert.deepEqual(
    valuesOf(here, 'import type { A } from "./circles.test"; import { type B } from "./circles.test";'),
    [],
  );
  assert.deepEqual(valuesOf(here, 'import { type A, b } from "./circles.test";'), [here]);
  assert.deepEqual(valuesOf(here, 'export * from "./circles.test";'), [here]);
});

it("has no circle of values among the sources", () => {
  const files = [join(root, "kernel"), join(root, "extension", "src")].flatMap(sources);
  assert.ok(files.length > 800, "the sources are there");
  const graph = new Map(files.map((file) => [file, valuesOf(file, readFileSync(file, "utf8"))]));
  assert.deepEqual(
    circles(graph).map((circle) => circle.map((file) => relative(root, file))),
    [],
  );
});
