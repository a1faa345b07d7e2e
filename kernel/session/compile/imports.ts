/** Imports of a cell as plain constants from functions of the wrapper. Types are left out. */
import type * as TypeScript from "typescript";
import type { ts } from "./typescript";

/** Name of the wrapper's `require`. */
const REQUIRE = "$require";
const NAMESPACE = "$namespace";

/** Import declaration, `import x = require("x")`, or `export … from`, which only loads. */
type Import = TypeScript.ImportDeclaration | TypeScript.ExportDeclaration | RequireDeclaration;
type RequireDeclaration = TypeScript.ImportEqualsDeclaration & { moduleReference: TypeScript.ExternalModuleReference };

export interface RewrittenImport {
  /** Module name; `undefined` where nothing is loaded. */
  module: string | undefined;
  names: string[];
  statements: TypeScript.Statement[];
}

interface Tools {
  ts: ts;
  checker: TypeScript.TypeChecker;
  factory: TypeScript.NodeFactory;
}

/** Tests for a statement that imports. */
export function isImport(ts: ts, node: TypeScript.Statement): node is Import {
  const isRequire = ts.isImportEqualsDeclaration(node) && ts.isExternalModuleReference(node.moduleReference);
  return isRequire || ts.isImportDeclaration(node) || ts.isExportDeclaration(node);
}

/** Rewrites an import to statements of the wrapper's functions. */
export function rewriteImport(tools: Tools, node: TypeScript.Statement): RewrittenImport {
  const { ts } = tools;
  const nothing = { module: undefined, names: [], statements: [] };
  if (!isImport(ts, node)) return nothing;
  const from = ts.isImportEqualsDeclaration(node) ? node.moduleReference.expression : node.moduleSpecifier;
  if (!from || !ts.isStringLiteral(from)) return nothing;
  const bindings = bindingsOf(tools, node);
  const values = bindings.filter(({ name }) => isValue(tools, name));
  if (isTypeOnly(ts, node) || (values.length === 0 && bindings.length > 0)) return nothing;
  const names = values.map(({ name }) => name.text);
  return { module: from.text, names, statements: statementsOf(tools, from.text, values) };
}

/** Import of one name; `exported` is `undefined` for the whole module. */
interface Binding {
  name: TypeScript.Identifier;
  exported: string | undefined;
  isDirect?: boolean;
}

function bindingsOf({ ts }: Tools, node: Import): Binding[] {
  if (ts.isExportDeclaration(node)) return [];
  if (ts.isImportEqualsDeclaration(node)) return [{ name: node.name, exported: undefined, isDirect: true }];
  const { name, namedBindings: named } = node.importClause ?? {};
  const bindings: Binding[] = name ? [{ name, exported: "default" }] : [];
  if (!named) return bindings;
  if (ts.isNamespaceImport(named)) return [...bindings, { name: named.name, exported: undefined }];
  const elements = named.elements.filter(({ isTypeOnly }) => !isTypeOnly);
  return [
    ...bindings,
    ...elements.map((each) => ({ name: each.name, exported: (each.propertyName ?? each.name).text })),
  ];
}

function isTypeOnly(ts: ts, node: Import): boolean {
  return ts.isImportDeclaration(node) ? (node.importClause?.isTypeOnly ?? false) : node.isTypeOnly;
}

function isValue({ ts, checker }: Tools, name: TypeScript.Identifier): boolean {
  const symbol = checker.getSymbolAtLocation(name);
  if (!symbol || !(symbol.flags & ts.SymbolFlags.Alias)) return true;
  return (checker.getAliasedSymbol(symbol).flags & ts.SymbolFlags.Value) !== 0;
}

/** Makes `$require("x");`, or a constant for each name. */
function statementsOf({ ts, factory }: Tools, from: string, bindings: Binding[]): TypeScript.Statement[] {
  const load = (loader: string): TypeScript.Expression =>
    factory.createCallExpression(factory.createIdentifier(loader), undefined, [factory.createStringLiteral(from)]);
  if (bindings.length === 0) return [factory.createExpressionStatement(load(REQUIRE))];
  return bindings.map(({ name, exported, isDirect }) => {
    if (exported === undefined) return constant(ts, name, load(isDirect ? REQUIRE : NAMESPACE));
    const module = load(exported === "default" ? NAMESPACE : REQUIRE);
    return constant(ts, name, factory.createElementAccessExpression(module, factory.createStringLiteral(exported)));
  });
}

/** Makes `const name = value;`. */
export function constant(
  { factory, NodeFlags }: ts,
  name: TypeScript.Identifier,
  value: TypeScript.Expression,
): TypeScript.Statement {
  const declaration = factory.createVariableDeclaration(name, undefined, undefined, value);
  return factory.createVariableStatement(
    undefined,
    factory.createVariableDeclarationList([declaration], NodeFlags.Const),
  );
}
