/** The Japanese catalog has every text of the extension, with its places for values, and no other. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import ts from "typescript";

const ROOT = join(import.meta.dirname, "../..");
const CATALOG = "kernel/python/fovea_kernel/locale/ja_JP/LC_MESSAGES/jupyterlab_fovea.json";
/** JupyterLab asks for the texts of a schema with this context. */
const SCHEMA = "schema\u0004";

const filesBelow = (folder: string): string[] =>
  readdirSync(join(ROOT, folder)).flatMap((name) => {
    const path = `${folder}/${name}`;
    if (statSync(join(ROOT, path)).isDirectory()) return filesBelow(path);
    return /\.(ts|json)$/.test(name) ? [path] : [];
  });

/** Texts that a file hands to the translation; one that no reader of the code can see is an error. */
function textsOf(file: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(join(ROOT, file), "utf8"), ts.ScriptTarget.Latest, true);
  const texts: string[] = [];
  const literals = (node: ts.Node): string[] => {
    if (ts.isStringLiteralLike(node)) return [node.text];
    const found: string[] = [];
    ts.forEachChild(node, (child) => void found.push(...literals(child)));
    return found;
  };
  const visit = (node: ts.Node): void => {
    if (
      ts.isCallExpression(node) &&
      ts.isPropertyAccessExpression(node.expression) &&
      node.expression.name.text === "__"
    ) {
      const found = literals(node.arguments[0]);
      assert.ok(found.length > 0, `${file}: ${node.getText()} has no text`);
      texts.push(...found);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return texts;
}

/** Titles and descriptions of a schema, as JupyterLab's settings editor shows them. */
function schemaTexts(file: string): string[] {
  const { title, description, properties } = JSON.parse(readFileSync(join(ROOT, file), "utf8")) as Schema;
  const inner = Object.values(properties ?? {}).flatMap((one) => [one.title, one.description]);
  return [title, description, ...inner].filter((text) => text !== undefined).map((text) => `${SCHEMA}${text}`);
}

interface Schema {
  title?: string;
  description?: string;
  properties?: Record<string, Schema>;
}

const places = (text: string): string[] => (text.match(/%\d/g) ?? []).sort();

describe("the Japanese catalog", () => {
  const catalog = JSON.parse(readFileSync(join(ROOT, CATALOG), "utf8")) as Record<string, string[]>;
  const sources = [...filesBelow("extension/src"), ...filesBelow("kernel/protocol")].filter((file) =>
    /\.ts$/.test(file),
  );
  const texts = new Set([...sources.flatMap(textsOf), ...filesBelow("extension/schema").flatMap(schemaTexts)]);
  const entries = Object.keys(catalog).filter((key) => key !== "");

  it("has an entry for every text, and for no other", () => {
    assert.ok(texts.size > 600, `${texts.size} texts`);
    assert.deepEqual(
      [...texts].filter((text) => !Object.hasOwn(catalog, text)),
      [],
      "texts without an entry",
    );
    assert.deepEqual(
      entries.filter((text) => !texts.has(text)),
      [],
      "entries without a text",
    );
  });

  it("keeps the places of values, and is written", () => {
    for (const text of entries) {
      const [translated, ...more] = catalog[text];
      assert.equal(more.length, 0, text);
      assert.ok(translated.trim() !== "", text);
      assert.deepEqual(places(translated), places(text), text);
    }
  });

  it("names its domain and language, by which JupyterLab finds it", () => {
    const head = catalog[""] as unknown as Record<string, string>;
    assert.deepEqual([head.domain, head.language], ["jupyterlab_fovea", "ja-JP"]);
    assert.match(
      readFileSync(join(ROOT, "pyproject.toml"), "utf8"),
      /"jupyterlab\.locale"\]\njupyterlab_fovea = "fovea_kernel"/,
    );
  });
});
