import assert from "node:assert/strict";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import ts from "typescript";

const KERNEL = join(import.meta.dirname, "..", "..", "kernel");
const NAMESPACES =
  "backend data encoders features grounding hub law lora models nn onnx refine report safetensors sak similarity studies tasks train vce view widgets".split(
    " ",
  );
const FREE = ["clearOutput", "comms", "display", "displayHandle", "RuleError"];
/** An alias of a union or a tuple is shown in full; a class or an interface is known by its name alone. */
const isNamed = (symbol: ts.Symbol): boolean =>
  Boolean(symbol.flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface));

/** The names that `import … from "fovea"` offers, as the compiler sees them. */
class Surface {
  readonly checker: ts.TypeChecker;
  readonly top: ts.Symbol[];
  /** Every exported symbol behind its aliases, by its first dotted name. */
  readonly public = new Map<ts.Symbol, string>();

  constructor() {
    const path = join(KERNEL, "tsconfig.json");
    const config = ts.parseJsonConfigFileContent(ts.readConfigFile(path, ts.sys.readFile).config, ts.sys, KERNEL);
    const index = join(KERNEL, "index.ts");
    const program = ts.createProgram([index], config.options);
    this.checker = program.getTypeChecker();
    this.top = this.exportsOf(this.checker.getSymbolAtLocation(program.getSourceFile(index) as ts.Node) as ts.Symbol);
    for (const symbol of this.top) this.collect(symbol, symbol.name);
  }

  behind(symbol: ts.Symbol): ts.Symbol {
    return symbol.flags & ts.SymbolFlags.Alias ? this.checker.getAliasedSymbol(symbol) : symbol;
  }

  private exportsOf(symbol: ts.Symbol): ts.Symbol[] {
    return this.checker.getExportsOfModule(symbol);
  }

  private collect(symbol: ts.Symbol, name: string): void {
    const found = this.behind(symbol);
    if (this.public.has(found)) return;
    this.public.set(found, name);
    if (found.flags & ts.SymbolFlags.ValueModule) {
      for (const inner of this.exportsOf(found)) this.collect(inner, `${name}.${inner.name}`);
    }
  }

  /** Classes and interfaces of the kernel that the signature of an exported symbol names. */
  named(symbol: ts.Symbol): ts.Symbol[] {
    const found = new Set<ts.Symbol>();
    const visit = (node: ts.Node): void => {
      // Classes that only the library constructs are left out.
      if (ts.isBlock(node) || ts.isConstructorDeclaration(node) || isPrivate(node)) return;
      if (ts.isTypeReferenceNode(node) || ts.isExpressionWithTypeArguments(node)) {
        const name = ts.isTypeReferenceNode(node) ? node.typeName : node.expression;
        const type = this.checker.getSymbolAtLocation(name);
        if (type) found.add(this.behind(type));
      }
      if (ts.isVariableDeclaration(node) || ts.isPropertyDeclaration(node)) {
        if (node.type) visit(node.type);
        return;
      }
      ts.forEachChild(node, visit);
    };
    symbol.declarations?.filter((node) => !ts.isSourceFile(node)).forEach(visit);
    return [...found];
  }
}

function isPrivate(node: ts.Node): boolean {
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
  if (ts.getJSDocTags(node).some(({ tagName }) => tagName.text === "internal")) return true;
  return ts.isClassElement(node) && (ts.getCombinedModifierFlags(node) & hidden) !== 0;
}

function isOurs(symbol: ts.Symbol): boolean {
  const file = symbol.declarations?.[0].getSourceFile().fileName ?? "";
  return file.startsWith(`${KERNEL}/`) && !file.endsWith(".d.ts");
}

describe("the public interface", () => {
  let surface: Surface;
  before(() => (surface = new Surface()));

  it("is a namespace for each room, the four functions of a cell's output and the base of all errors", () => {
    assert.deepEqual(surface.top.map(({ name }) => name).sort(), [...NAMESPACES, ...FREE].sort());
  });

  it("names each thing once", () => {
    const names = new Map<ts.Symbol, string[]>();
    for (const [symbol, name] of surface.public) {
      if (!(symbol.flags & ts.SymbolFlags.ValueModule)) continue;
      for (const inner of surface.checker.getExportsOfModule(symbol)) {
        const found = surface.behind(inner);
        if (isOurs(found)) names.set(found, [...(names.get(found) ?? []), `${name}.${inner.name}`]);
      }
    }
    const twice = [...names.values()].filter((all) => all.length > 1);
    assert.deepEqual(twice, []);
  });

  it("exports every class and interface that its signatures name", () => {
    const missing = new Set<string>();
    for (const [symbol, name] of surface.public) {
      for (const type of surface.named(symbol)) {
        if (isNamed(type) && isOurs(type) && !surface.public.has(type)) missing.add(`${name}: ${type.name}`);
      }
    }
    assert.deepEqual([...missing].sort(), []);
  });
});
