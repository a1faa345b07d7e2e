/**
 * Documentation of the public interface, checked: `node binder/reference.mjs` lists the gaps and ends with 1 where there
 * are any. Public is every name that `kernel/index.ts` leads to, in namespaces of either form (`export * as law` or an
 * object); in the rooms of the kernel process every exported function and class counts.
 *
 * - Every name has a summary, and so has every public method.
 * - A function, method or constructor that throws names its errors in `@throws`, in the rooms of the kernel process too.
 * - A function or method of tensors or arrays of numbers gives their shapes, as `[B, N]`.
 * - Every option is described, an optional one with its default.
 * - A file of a published method cites its source.
 */
import { readdirSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const SOURCE = /arXiv|et al\.|torch\.|PEFT|Pillow|transformers|timm|TensorBoard|scikit/;
/** Files of published methods. */
const METHODS =
  /^(vce\/(model|layers)|law\/(predictors|pck|plan)\/|sak\/|refine\/|grounding\/|models\/beit3\/|tasks\/boxes\/|tasks\/dense\/(metrics|boundary)\/|lora\/branches\/\S+-branch)/;
const INNER_ROOMS = ["session", "jupyter", "cli"];

/** Returns the gaps in the documentation of a package folder with an `index.ts`, as lines `file:line name: rule`. */
export function gapsOf(folder) {
  const inner = INNER_ROOMS.flatMap((room) => sourcesIn(join(folder, room)));
  const program = ts.createProgram([join(folder, "index.ts"), ...inner], COMPILER);
  const review = new Review(program.getTypeChecker(), folder);
  review.module(program.getSourceFile(join(folder, "index.ts")), "");
  for (const path of inner) review.inner(program.getSourceFile(path));
  return review.gaps;
}

const COMPILER = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.Node16,
  moduleResolution: ts.ModuleResolutionKind.Node16,
  types: [],
};

function sourcesIn(folder) {
  const entries = ts.sys.directoryExists(folder) ? readdirSync(folder, { recursive: true }) : [];
  return entries.filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts")).map((name) => join(folder, name));
}

/** One walk over the public names; each declaration is reviewed once. */
class Review {
  gaps = [];
  #seen = new Set();

  constructor(checker, folder) {
    this.checker = checker;
    this.folder = folder;
  }

  /** Reviews the exports of a module under a name such as `law.`. */
  module(file, prefix) {
    const module = this.checker.getSymbolAtLocation(file);
    for (const symbol of this.checker.getExportsOfModule(module)) this.symbol(symbol, prefix + symbol.name);
  }

  /** Reviews the exported functions and classes of a file. */
  inner(file) {
    const module = this.checker.getSymbolAtLocation(file);
    for (const symbol of module ? this.checker.getExportsOfModule(module) : []) {
      const declaration = symbol.valueDeclaration;
      const counts = declaration && (ts.isFunctionDeclaration(declaration) || ts.isClassDeclaration(declaration));
      if (!counts || declaration.getSourceFile() !== file) continue;
      this.#summary(symbol, declaration, symbol.name);
      const throws = ts.isFunctionDeclaration(declaration) && declaration.body && throwsIn(declaration.body);
      if (throws && !hasTag(symbol, "throws")) this.#gap(declaration, symbol.name, "needs @throws");
    }
  }

  symbol(symbol, name) {
    const target = symbol.flags & ts.SymbolFlags.Alias ? this.checker.getAliasedSymbol(symbol) : symbol;
    if (target.flags & ts.SymbolFlags.ValueModule) return this.module(target.valueDeclaration, `${name}.`);
    for (const declaration of target.declarations ?? []) this.declaration(target, declaration, name);
  }

  declaration(symbol, declaration, name) {
    if (!this.#isOurs(declaration) || this.#seen.has(declaration)) return;
    this.#seen.add(declaration);
    if (ts.getJSDocTags(declaration).some((tag) => tag.tagName.text === "internal")) return;
    if (ts.isShorthandPropertyAssignment(declaration))
      return this.symbol(this.checker.getShorthandAssignmentValueSymbol(declaration), name);
    if (ts.isPropertyAssignment(declaration) && ts.isIdentifier(declaration.initializer))
      return this.symbol(this.checker.getSymbolAtLocation(declaration.initializer), name);
    this.#summary(symbol, declaration, name);
    const members = namespaceMembers(declaration);
    for (const { symbol } of members) this.symbol(symbol, `${name}.${symbol.name}`);
    const callable = functionOf(declaration);
    if (callable) this.#function(symbol, declaration, callable, name);
    if (ts.isClassDeclaration(declaration)) this.#class(declaration, name);
    if (ts.isInterfaceDeclaration(declaration) && name.endsWith("Options")) this.#options(declaration, name);
  }

  #class(declaration, name) {
    this.#source(declaration, name);
    for (const member of declaration.members) {
      if (ts.isConstructorDeclaration(member)) this.#making(declaration, member, name);
      const flags = ts.getCombinedModifierFlags(member);
      const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected | ts.ModifierFlags.Override;
      if (!ts.isMethodDeclaration(member) || flags & hidden || !ts.isIdentifier(member.name)) continue;
      const symbol = this.checker.getSymbolAtLocation(member.name);
      if (ts.getJSDocTags(member).some((tag) => tag.tagName.text === "internal")) continue;
      const label = `${name}.${member.name.text}`;
      if (!DISPOSALS.has(member.name.text) && !this.#isInherited(declaration, member.name.text))
        this.#summary(symbol, symbol.declarations[0], label);
      if (member.body && throwsIn(member.body) && !hasTag(symbol, "throws")) this.#gap(member, label, "needs @throws");
      const text = documentationOf(symbol) + documentationOf(this.checker.getSymbolAtLocation(declaration.name));
      if (isNumeric(member) && !SHAPE.test(text)) this.#gap(member, label, "needs the shapes of its arrays");
    }
  }

  /** The errors of a constructor stand in its own comment or in that of its class. */
  #making(declaration, member, name) {
    if (!member.body || !throwsIn(member.body)) return;
    const tags = [...ts.getJSDocTags(member), ...ts.getJSDocTags(declaration)];
    if (!tags.some((tag) => tag.tagName.text === "throws")) this.#gap(member, `new ${name}`, "needs @throws");
  }

  #isInherited({ heritageClauses = [] }, name) {
    const bases = heritageClauses.flatMap(({ types }) => types);
    return bases.some((base) => this.checker.getTypeAtLocation(base).getProperty(name) !== undefined);
  }

  #function(symbol, declaration, callable, name) {
    if (throwsIn(callable.body) && !hasTag(symbol, "throws")) this.#gap(declaration, name, "needs @throws");
    const text = documentationOf(symbol);
    if (isNumeric(callable) && !SHAPE.test(text)) this.#gap(declaration, name, "needs the shapes of its arrays");
    this.#source(declaration, name);
  }

  #options(declaration, name) {
    for (const member of declaration.members.filter(ts.isPropertySignature)) {
      const text = documentationOf(this.checker.getSymbolAtLocation(member.name));
      const label = `${name}.${member.name.getText()}`;
      if (!text) this.#gap(member, label, "needs a description");
      else if (member.questionToken && !/default/i.test(text)) this.#gap(member, label, "needs its default");
    }
  }

  #source(declaration, name) {
    const file = declaration.getSourceFile();
    const place = relative(this.folder, file.fileName).split(sep).join("/");
    if (METHODS.test(place) && !SOURCE.test(file.text)) this.#gap(declaration, name, "needs its source in this file");
  }

  #summary(symbol, declaration, name) {
    if (!documentationOf(symbol)) this.#gap(declaration, name, "needs a summary");
  }

  #isOurs(declaration) {
    const { fileName } = declaration.getSourceFile();
    const place = relative(this.folder, fileName);
    return !place.startsWith("..") && !place.includes("node_modules");
  }

  #gap(node, name, rule) {
    const file = node.getSourceFile();
    const { line } = file.getLineAndCharacterOfPosition(node.getStart());
    this.gaps.push(`${relative(dirname(this.folder), file.fileName)}:${line + 1} ${name}: ${rule}`);
  }
}

/** Types whose values have a shape. */
const NUMERIC = /^(readonly )?(Tensor|Float(32|64)Array)(\[\])?$|^ReadonlyArray<(Tensor|Float(32|64)Array)>$/;
const SHAPE = /\[.*\]|shape/s;

/** Tests for a parameter of tensors or of arrays of numbers. */
const isNumeric = ({ parameters }) => parameters.some(({ type }) => type && NUMERIC.test(type.getText()));

/** Methods whose name says everything. */
const DISPOSALS = new Set(["dispose", "toString"]);

/** Returns the members of an object of functions that serves as a namespace. */
function namespaceMembers(declaration) {
  let value = ts.isVariableDeclaration(declaration) ? declaration.initializer : undefined;
  while (value && (ts.isAsExpression(value) || ts.isSatisfiesExpression(value))) value = value.expression;
  if (!value || !ts.isObjectLiteralExpression(value) || declaration.type) return [];
  return value.properties.filter(
    (property) =>
      ts.isShorthandPropertyAssignment(property) ||
      (ts.isPropertyAssignment(property) && ts.isIdentifier(property.initializer)),
  );
}

/** Returns the function with a body that a declaration is, or holds as a constant. */
function functionOf(declaration) {
  const value = ts.isVariableDeclaration(declaration) ? declaration.initializer : declaration;
  const isFunction = value && (ts.isFunctionDeclaration(value) || ts.isArrowFunction(value));
  return isFunction && value.body ? value : undefined;
}

/** Tests for a `throw` in a body, without inner functions and without errors thrown on. */
function throwsIn(node) {
  if (ts.isThrowStatement(node)) return ts.isNewExpression(node.expression);
  return ts.isFunctionLike(node) ? false : (ts.forEachChild(node, (child) => throwsIn(child) || undefined) ?? false);
}

function hasTag(symbol, name) {
  return symbol.getJsDocTags().some((tag) => tag.name === name);
}

/** Returns the summary with the text of all tags. */
function documentationOf(symbol) {
  const tags = symbol.getJsDocTags().map(({ text }) => ts.displayPartsToString(text));
  return [ts.displayPartsToString(symbol.getDocumentationComment(undefined)), ...tags].join("\n").trim();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const gaps = gapsOf(join(dirname(dirname(fileURLToPath(import.meta.url))), "kernel"));
  for (const gap of gaps) console.error(gap);
  console.log(`${gaps.length} gaps in the documentation of the public interface`);
  process.exitCode = gaps.length === 0 ? 0 : 1;
}
