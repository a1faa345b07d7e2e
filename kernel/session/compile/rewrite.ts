/**
 * Rewrites a cell's expressions and loops for the wrapper around it.
 *
 * Names of earlier cells become properties of one object, so that every function sees later assignments. `import()` and
 * `import.meta` are replaced. Every loop reads the interrupt flag; `lifeline.ts` explains why `vm` alone does not
 * suffice. The measured cost is zero once a loop is optimised and 3-4 ns per turn before. A counter that reads the flag
 * only now and then costs more.
 */
import type * as TypeScript from "typescript";
import { holdsAwait, isAwait } from "./local-files";
import { constant } from "./imports";
import { factoriesOf } from "./jsx";
import type { CellFile, ts } from "./typescript";

const NAMES = {
  variables: "$variables",
  flags: "$flags",
  stop: "$stop",
  import: "$import",
  meta: "$meta",
} as const;

export interface Tools {
  ts: ts;
  checker: TypeScript.TypeChecker;
  context: TypeScript.TransformationContext;
  file: CellFile;
  /** End of the cell's text in the file. */
  length: number;
}

/** Rewriter of one cell. */
export class Rewriter {
  /** True after an await outside the cell's functions. */
  isAsync = false;
  private readonly ts: ts;
  private readonly checker: TypeScript.TypeChecker;
  private readonly context: TypeScript.TransformationContext;
  private readonly factory: TypeScript.NodeFactory;
  private readonly earlier: ReadonlySet<string>;
  /** Number of functions around the visited node. */
  private depth = 0;

  constructor(private readonly tools: Tools) {
    this.ts = tools.ts;
    this.checker = tools.checker;
    this.context = tools.context;
    this.factory = tools.context.factory;
    const behind = [...tools.file.locals.values()].filter((symbol) => this.isDeclaredBehind(symbol));
    this.earlier = new Set(behind.map(({ name }) => name));
  }

  readonly visit = (node: TypeScript.Node): TypeScript.Node => {
    const { ts } = this;
    if (ts.isTypeNode(node) && !ts.isExpressionWithTypeArguments(node)) return node;
    this.isAsync ||= this.depth === 0 && isAwait(ts, node);
    if (ts.isIdentifier(node)) return this.isEarlier(node) ? this.at(node, this.variable(node.text)) : node;
    if (ts.isShorthandPropertyAssignment(node)) return this.longhand(node);
    if (ts.isImportEqualsDeclaration(node)) return this.alias(node);
    const isFunction = holdsAwait(ts, node);
    if (isFunction) this.depth++;
    const visited = ts.visitEachChild(node, this.visit, this.context);
    if (isFunction) this.depth--;
    return this.rewritten(node, visited);
  };

  /** Makes `const React = $variables.React;`, because the calls of JSX elements are created after all visits. */
  factories(): TypeScript.Statement[] {
    return factoriesOf(this.ts, this.tools.file)
      .filter((name) => this.earlier.has(name))
      .map((name) => constant(this.ts, this.factory.createIdentifier(name), this.variable(name)));
  }

  /** Changes a node whose children have been visited. */
  private rewritten(node: TypeScript.Node, visited: TypeScript.Node): TypeScript.Node {
    const { ts, factory } = this;
    if (ts.isMetaProperty(visited) && visited.keywordToken === ts.SyntaxKind.ImportKeyword) {
      return this.at(node, factory.createIdentifier(NAMES.meta));
    }
    if (ts.isCallExpression(visited)) return this.call(node as TypeScript.CallExpression, visited);
    if (ts.isTaggedTemplateExpression(visited)) {
      const tag = this.unbound((node as typeof visited).tag, visited.tag);
      return factory.updateTaggedTemplateExpression(visited, tag, visited.typeArguments, visited.template);
    }
    return ts.isIterationStatement(visited, false) ? this.interruptible(visited) : visited;
  }

  private call(node: TypeScript.CallExpression, visited: TypeScript.CallExpression): TypeScript.Expression {
    const isImport = visited.expression.kind === this.ts.SyntaxKind.ImportKeyword;
    const callee = isImport
      ? this.factory.createIdentifier(NAMES.import)
      : this.unbound(node.expression, visited.expression);
    return this.factory.updateCallExpression(visited, callee, visited.typeArguments, visited.arguments);
  }

  /** Makes `(0, $variables.f)`, so that a function of an earlier cell is called without a `this`. */
  private unbound<T extends TypeScript.Expression>(node: T, visited: T): T | TypeScript.ParenthesizedExpression {
    if (visited === node || !this.ts.isIdentifier(node)) return visited;
    const comma = this.factory.createComma(this.factory.createNumericLiteral(0), visited);
    return this.at(node, this.factory.createParenthesizedExpression(comma));
  }

  /** Rewrites `import A = N.B`; with `N` of an earlier cell it becomes `const A = $variables.N.B`. */
  private alias(node: TypeScript.ImportEqualsDeclaration): TypeScript.Node {
    const { ts, checker } = this;
    const symbol = checker.getSymbolAtLocation(node.name);
    const isValue = symbol && (checker.getAliasedSymbol(symbol).flags & ts.SymbolFlags.Value) !== 0;
    if (!isValue || ts.isExternalModuleReference(node.moduleReference)) return node;
    const value = this.path(node.moduleReference);
    return value ? this.at(node, constant(ts, node.name, value)) : node;
  }

  /** Returns `N.B` as an expression, if it begins with a name of an earlier cell. */
  private path(name: TypeScript.EntityName): TypeScript.Expression | undefined {
    if (this.ts.isIdentifier(name)) return this.isEarlier(name) ? this.variable(name.text) : undefined;
    const left = this.path(name.left);
    return left && this.factory.createPropertyAccessExpression(left, name.right);
  }

  /** Rewrites `{ p }` to `{ p: $variables.p }`, and `{ p = 1 } = x` to `{ p: $variables.p = 1 } = x`. */
  private longhand(node: TypeScript.ShorthandPropertyAssignment): TypeScript.Node {
    const { factory } = this;
    const { name, objectAssignmentInitializer: fallback } = node;
    if (!this.isDeclaredBehind(this.checker.getShorthandAssignmentValueSymbol(node))) {
      return this.ts.visitEachChild(node, this.visit, this.context);
    }
    const value = this.variable(name.text);
    const other = fallback && (this.visit(fallback) as TypeScript.Expression);
    return this.at(
      node,
      factory.createPropertyAssignment(name.text, other ? factory.createAssignment(value, other) : value),
    );
  }

  private interruptible(loop: TypeScript.IterationStatement): TypeScript.Node {
    const { ts, factory } = this;
    const { statement } = loop;
    const flag = factory.createElementAccessExpression(factory.createIdentifier(NAMES.flags), 0);
    const stop = factory.createCallExpression(factory.createIdentifier(NAMES.stop), undefined, []);
    const look = factory.createIfStatement(flag, factory.createExpressionStatement(stop));
    const inner = ts.isBlock(statement) ? statement.statements : [statement];
    const body = factory.createBlock([look, ...inner], true);
    return ts.visitEachChild(loop, (child) => (child === statement ? body : child), this.context);
  }

  private isEarlier(name: TypeScript.Identifier): boolean {
    return this.earlier.has(name.text) && this.isDeclaredBehind(this.checker.getSymbolAtLocation(name));
  }

  /** Tests for a declaration behind the cell's text, where names of earlier cells are. */
  private isDeclaredBehind(symbol: TypeScript.Symbol | undefined): boolean {
    const place = symbol?.valueDeclaration ?? symbol?.declarations?.[0];
    const { file, length } = this.tools;
    return place !== undefined && place.pos >= length && place.getSourceFile() === file;
  }

  private variable(name: string): TypeScript.Expression {
    return this.factory.createPropertyAccessExpression(this.factory.createIdentifier(NAMES.variables), name);
  }

  /** Maps a node to the beginning of a place in the cell, for error positions. */
  private at<T extends TypeScript.Node>(place: TypeScript.Node, node: T): T {
    return this.ts.setEmitFlags(this.ts.setTextRange(node, place), this.ts.EmitFlags.NoTrailingSourceMap);
  }
}
