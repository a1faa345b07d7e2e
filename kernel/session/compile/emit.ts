/**
 * Emits the JavaScript of a checked cell: the body of a function that returns `{ value }` if the cell ends with an
 * expression.
 *
 * The cell's names stay variables, because a loop that sums into a property is fifty times slower. Constants are
 * exported where they are set; the executor links assignable names.
 */
import { append } from "../../numeric/order";
import type * as TypeScript from "typescript";
import { isImport, rewriteImport } from "./imports";
import { Rewriter, type Tools } from "./rewrite";
import type { CellFile, ts } from "./typescript";

/** Name of the function, provided by the wrapper around a cell, that exports a constant. */
const KEEP = "$keep";

export interface Emitted {
  code: string;
  /** Source map, as JSON. */
  map: string;
  /** True for an await outside the cell's functions. */
  isAsync: boolean;
  /** Modules imported statically, without type imports. */
  modules: string[];
  /** Names exported by the code itself. */
  constants: string[];
}

/**
 * Emits a cell.
 *
 * @param length end of the cell's text in the file
 */
export function emitCell(ts: ts, program: TypeScript.Program, file: CellFile, length: number): Emitted {
  const emitted: Emitted = { code: "", map: "", isAsync: false, modules: [], constants: [] };
  const checker = program.getTypeChecker();
  const write = (path: string, text: string): void => {
    emitted[path.endsWith(".map") ? "map" : "code"] = text;
  };
  program.emit(file, write, undefined, false, {
    before: [(context) => () => new CellBody({ ts, checker, context, file, length }, emitted).rewrite()],
    after: [() => (result) => withoutModuleMarker(ts, result)],
  });
  emitted.code = emitted.code.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "").trimEnd();
  return emitted;
}

/** Removes `export {}`, TypeScript's mark of a module. */
function withoutModuleMarker(ts: ts, file: TypeScript.SourceFile): TypeScript.SourceFile {
  return ts.factory.updateSourceFile(
    file,
    file.statements.filter((statement) => !ts.isExportDeclaration(statement)),
  );
}

class CellBody {
  private readonly ts: ts;
  private readonly factory: TypeScript.NodeFactory;
  private readonly rewriter: Rewriter;

  constructor(
    private readonly tools: Tools,
    private readonly emitted: Emitted,
  ) {
    this.ts = tools.ts;
    this.factory = tools.context.factory;
    this.rewriter = new Rewriter(tools);
  }

  rewrite(): TypeScript.SourceFile {
    const { file, length } = this.tools;
    const own = file.statements.filter((statement) => statement.getStart(file) < length);
    const imports = own.filter((statement) => isImport(this.ts, statement));
    const body = own.filter((statement) => !isImport(this.ts, statement));
    const last = body.at(-1);
    const statements = [
      ...this.rewriter.factories(),
      ...imports.flatMap((statement) => this.importOf(statement)),
      ...body.flatMap((statement) => this.statementsOf(statement, statement === last)),
    ];
    this.emitted.isAsync = this.rewriter.isAsync;
    return this.factory.updateSourceFile(file, statements);
  }

  private importOf(statement: TypeScript.Statement): TypeScript.Statement[] {
    const { ts, factory } = this;
    const { module, names, statements } = rewriteImport({ ts, factory, checker: this.tools.checker }, statement);
    if (module !== undefined) this.emitted.modules.push(module);
    return [...statements.map((each) => ts.setTextRange(each, statement)), ...this.keeping(names)];
  }

  private statementsOf(statement: TypeScript.Statement, isLast: boolean): TypeScript.Statement[] {
    if (isLast && this.ts.isExpressionStatement(statement)) return [this.resultOf(statement)];
    const rewritten = this.rewriter.visit(statement) as TypeScript.Statement;
    return [rewritten, ...this.keeping(this.constantsOf(statement))];
  }

  /** Makes `return { __proto__: null, value: (0, expression) };`, in which a function without a name gets none. */
  private resultOf(statement: TypeScript.ExpressionStatement): TypeScript.Statement {
    const { ts, factory } = this;
    const value = this.rewriter.visit(statement.expression) as TypeScript.Expression;
    const nameless = factory.createParenthesizedExpression(factory.createComma(factory.createNumericLiteral(0), value));
    const properties = [
      factory.createPropertyAssignment("__proto__", factory.createNull()),
      factory.createPropertyAssignment("value", nameless),
    ];
    const result = factory.createReturnStatement(factory.createObjectLiteralExpression(properties));
    return ts.setTextRange(result, statement);
  }

  /** Returns the names whose value is final behind their statement. */
  private constantsOf(statement: TypeScript.Statement): string[] {
    const { ts } = this;
    const isAmbient =
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.DeclareKeyword);
    if (isAmbient) return [];
    if (ts.isVariableStatement(statement)) {
      const { declarations, flags } = statement.declarationList;
      return flags & ts.NodeFlags.Constant ? declarations.flatMap(({ name }) => this.namesIn(name)) : [];
    }
    const isConstant =
      ts.isClassDeclaration(statement) ||
      ts.isEnumDeclaration(statement) ||
      ts.isModuleDeclaration(statement) ||
      ts.isImportEqualsDeclaration(statement);
    return isConstant && statement.name && this.isValue(statement.name) ? [statement.name.text] : [];
  }

  private namesIn(name: TypeScript.BindingName): string[] {
    if (this.ts.isIdentifier(name)) return [name.text];
    return name.elements.flatMap((element) => (this.ts.isOmittedExpression(element) ? [] : this.namesIn(element.name)));
  }

  /** Tests that a namespace or alias has a value; both may hold only types. */
  private isValue(name: TypeScript.ModuleName): boolean {
    const { checker } = this.tools;
    const { SymbolFlags } = this.ts;
    const symbol = checker.getSymbolAtLocation(name);
    const target = symbol && symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    return target !== undefined && (target.flags & SymbolFlags.Value) !== 0;
  }

  /** Makes `$keep("name", name);` for each name. */
  private keeping(names: readonly string[]): TypeScript.Statement[] {
    const { factory } = this;
    append(this.emitted.constants, names);
    return names.map((name) => {
      const values = [factory.createStringLiteral(name), factory.createIdentifier(name)];
      const call = factory.createCallExpression(factory.createIdentifier(KEEP), undefined, values);
      return factory.createExpressionStatement(call);
    });
  }
}
