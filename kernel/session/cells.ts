/** Compiles cells one after another: declarations of earlier cells are known to later ones. */
import type { Converter, Diagnostic } from "tslab/dist/converter";
import type * as TypeScript from "@tslab/typescript-for-tslab";
import { CellMap } from "./source-map";
import { loadCompiler, type Compiler } from "./typescript";
import { annotateUnnameable } from "./unnameable";

export interface CompiledCell {
  /** CommonJS, with no wrapper; empty when the cell only declares types. */
  code: string;
  isAsync: boolean;
  /** The export that holds the value of the last expression. */
  resultName: string | undefined;
  /** Top-level names that the cell declares, and those of them that may be assigned again. */
  declared: string[];
  mutable: string[];
  /** Modules that the cell imports statically. */
  imports: string[];
  map: CellMap | undefined;
  /** Local source files that were compiled again. */
  changedFiles: string[];
  /** To pass to {@link CellCompiler.accept} once the cell ran. */
  declarations: string;
}

/** A cell refused before it ran. */
export class CellDiagnostics extends Error {
  constructor(readonly diagnostics: Diagnostic[]) {
    super(diagnostics[0]?.messageText ?? "the cell does not compile");
  }
}

export class CellCompiler {
  private readonly compiler: Compiler = loadCompiler();
  private readonly converter: Converter = this.compiler.tslab.createConverter({});
  private declarations = "";

  /** Throws {@link CellDiagnostics}. */
  compile(source: string): CompiledCell {
    const code = withoutExports(this.compiler.ts, source);
    let result = this.converter.convert(this.declarations, code);
    if (result.diagnostics.length > 0) {
      const annotated = annotateUnnameable(this.compiler.ts, code, result.diagnostics);
      if (annotated === undefined) throw new CellDiagnostics(result.diagnostics);
      const again = this.converter.convert(this.declarations, annotated);
      if (again.diagnostics.length > 0) throw new CellDiagnostics(result.diagnostics);
      result = again;
    }
    const emit = result.output ? this.compiler.lastEmit() : undefined;
    return {
      code: result.output ?? "",
      isAsync: (result.hasToplevelAwait ?? false) || (emit?.awaits ?? false),
      resultName: result.lastExpressionVar,
      declared: [...exportedNames(result.output ?? ""), ...(emit?.mutable ?? [])],
      mutable: emit?.mutable ?? [],
      imports: emit?.imports ?? [],
      map: emit && new CellMap(emit, (result.output ?? "").split("\n").length),
      changedFiles: (result.sideOutputs ?? []).map((output) => output.path),
      declarations: result.declOutput ?? "",
    };
  }

  /** Make what a cell declared known to the cells after it. */
  accept(cell: CompiledCell): void {
    this.declarations = cell.declarations;
    for (const name of cell.declared) this.compiler.earlier.add(name);
  }

  complete(code: string, position: number): ReturnType<Converter["complete"]> {
    return this.converter.complete(this.declarations, code, position);
  }

  inspect(code: string, position: number): TypeScript.QuickInfo | undefined {
    return this.converter.inspect(this.declarations, code, position) as TypeScript.QuickInfo | undefined;
  }

  /** Forget what all cells declared. */
  reset(): void {
    this.declarations = "";
    this.compiler.earlier.clear();
  }

  /** Stop watching files. */
  close(): void {
    this.converter.close();
  }

  /** Syntax errors of a text alone, with whether each stands at its very end (more input may mend it). */
  syntaxErrors(code: string): { atEnd: boolean; message: string }[] {
    const { ts } = this.compiler;
    const file = ts.createSourceFile("cell.ts", code, ts.ScriptTarget.Latest, false, ts.ScriptKind.TS);
    const { parseDiagnostics } = file as unknown as { parseDiagnostics: TypeScript.DiagnosticWithLocation[] };
    return parseDiagnostics.map(({ start, messageText }) => ({
      atEnd: start >= code.trimEnd().length,
      message: ts.flattenDiagnosticMessageText(messageText, "\n"),
    }));
  }

  transpileFile(source: string, fileName: string): string {
    const { ts } = this.compiler;
    return ts.transpileModule(source, {
      fileName,
      compilerOptions: {
        module: ts.ModuleKind.CommonJS,
        target: ts.ScriptTarget.ES2022,
        esModuleInterop: true,
        experimentalDecorators: true,
        jsx: ts.JsxEmit.React,
      },
    }).outputText;
  }
}

/** Everything in a cell is known to later cells, so `export` before a declaration says nothing: blanks in its place. */
function withoutExports(compiler: Compiler["ts"], code: string): string {
  if (!/\bexport\b/.test(code)) return code;
  const file = compiler.createSourceFile("cell.ts", code, compiler.ScriptTarget.Latest, true);
  let result = code;
  for (const statement of file.statements) {
    const modifiers = compiler.canHaveModifiers(statement) ? (compiler.getModifiers(statement) ?? []) : [];
    const [first, second] = modifiers;
    if (first?.kind !== compiler.SyntaxKind.ExportKeyword || second?.kind === compiler.SyntaxKind.DefaultKeyword)
      continue;
    result = result.slice(0, first.getStart()) + " ".repeat("export".length) + result.slice(first.end);
  }
  return result;
}

/** TypeScript declares its exports in lines `exports.a = exports.b = void 0;`. */
function exportedNames(code: string): string[] {
  const names: string[] = [];
  for (const [line] of code.matchAll(/^(?:exports\.[\w$\u0080-\uFFFF]+ = )+void 0;$/gm)) {
    for (const [, name] of line.matchAll(/exports\.([\w$\u0080-\uFFFF]+) = /g)) names.push(name!);
  }
  return names;
}
