/** Compiles cells in order: later cells know the declarations of earlier ones. */
import type * as TypeScript from "typescript";
import { platform } from "../../platform";
import { basename } from "../../platform/path";
import { fittingNames } from "../ask/completions";
import { type CellDiagnostic, CellDiagnostics, describe } from "./diagnostics";
import { emitCell } from "./emit";
import { factoriesOf, parseCell } from "./jsx";
import { transpileLocalFile } from "./local-files";
import { CellNames, type Declaration, declarationsOf } from "./names";
import { type Paths, projectPaths } from "./project";
import { CellProgram } from "./program";
import { CellMap } from "./source-map";
import { loadTypeScript } from "../node";
import type { CellFile, Draft, ts } from "./typescript";

export interface CompiledCell {
  /** Function body; empty when the cell only declares types. */
  code: string;
  isAsync: boolean;
  /** Top-level names that the code does not export as constants: functions and assignable variables. */
  linked: { name: string; isMutable: boolean }[];
  /** Modules that the cell imports statically. */
  imports: string[];
  map: CellMap;
  /** True when previously imported local files have changed. */
  localFilesChanged: boolean;
  /** Module to pass to {@link CellCompiler.accept} once the cell ran. */
  module: string;
  declarations: Declaration[];
}

/**
 * Diagnostics to ignore: `import x = require("x")` is forbidden in the compiler's modules but is an ordinary import
 * here.
 */
const ALLOWED = new Set([1202]);

/** A cursor within the name of a module. */
const IN_SPECIFIER = /\b(?:from|import|require)\s*\(?\s*["'][^"'\n]*$/;

/** After so many names were declared again, the cells that nothing needs any more are looked for. */
const SWEEP_AFTER = 50;

/** Turns the first line of a pasted script into a comment of the same length. */
function withoutShebang(source: string): string {
  return source.startsWith("#!") ? `//${source.slice(2)}` : source;
}

/** Compiler of a session's cells. */
export class CellCompiler {
  readonly ts: ts = loadTypeScript();
  /** Paths of the folder's `tsconfig.json`. */
  paths: Paths;
  private readonly program: CellProgram;
  private readonly names = new CellNames();
  /** Number of names declared again since cells were last forgotten. */
  private replaced = 0;

  constructor(private folder = platform().folder()) {
    this.paths = projectPaths(this.ts, folder);
    this.program = new CellProgram(this.ts, folder, this.paths);
  }

  /** Compiles a small text, so that the first cell does not pay for the compiler's first use. */
  warm(): void {
    const { module } = this.compile("const warm: number[] = [1]; console.log(warm.length); await 1;");
    this.program.release(module);
  }

  /** Takes less memory, for a start-up snapshot. */
  thin(): void {
    this.program.thin();
  }

  /** Moves to another folder before the first cell: a start-up snapshot was made in one of no meaning. */
  moveTo(folder: string): void {
    this.folder = folder;
    this.paths = projectPaths(this.ts, folder);
    this.program.moveTo(folder, this.paths);
  }

  /** Lists the files on disk that the compiler holds. */
  files(): string[] {
    return this.program.files();
  }

  /**
   * Compiles a cell.
   *
   * @throws CellDiagnostics
   */
  compile(source: string): CompiledCell {
    const text = withoutExports(this.ts, withoutShebang(source));
    const draft = this.program.parse(text);
    this.refuse(draft.parseDiagnostics, draft);
    const declarations = declarationsOf(this.ts, draft);
    const file = this.program.open(text + this.names.suffix(declarations, this.mentionedIn(draft)));
    try {
      const faults = this.program.ask(() => this.program.faultsOf(file));
      this.refuse(faults, file, text.length);
      return this.emit(file, text.length, declarations);
    } catch (error) {
      this.program.discard(file);
      throw error;
    }
  }

  /** Returns the errors of a cell that is not run. Later cells know its declarations, whether they compile or not. */
  check(source: string): CellDiagnostic[] {
    const text = withoutExports(this.ts, withoutShebang(source));
    const draft = this.program.parse(text);
    const broken = this.complaints(draft.parseDiagnostics, draft);
    if (broken.length > 0) return broken;
    const declarations = declarationsOf(this.ts, draft);
    const file = this.program.open(text + this.names.suffix(declarations, this.mentionedIn(draft)));
    const found = this.complaints(
      this.program.ask(() => this.program.faultsOf(file)),
      file,
      text.length,
    );
    this.accept({ module: moduleOf(file), declarations });
    return found;
  }

  /** Makes a cell's declarations known to later cells. */
  accept({ module, declarations }: Pick<CompiledCell, "module" | "declarations">): void {
    if (declarations.length === 0) return this.program.release(module);
    this.replaced += declarations.filter(({ name }) => this.names.kindOf(name) !== undefined).length;
    this.names.add(module, declarations);
    if (this.replaced < SWEEP_AFTER) return;
    this.replaced = 0;
    this.program.releaseAllBut(this.names.modules());
  }

  /** Removes the declarations of all cells. */
  reset(): void {
    this.names.clear();
    this.program.reset();
  }

  /**
   * Asks the language service about a text that is not run. The draft knows the names that the text mentions and, for a
   * completion at a cursor, the names that fit there.
   */
  consult<T>(source: string, ask: (draft: Draft) => T, cursor?: number): T {
    if (cursor !== undefined && IN_SPECIFIER.test(source.slice(0, cursor))) this.program.admitLate();
    const alone = this.program.parse(withoutExports(this.ts, source), undefined, true);
    const wanted = cursor === undefined ? [] : [...this.names.names()].filter(fittingNames(source.slice(0, cursor)));
    const mentioned = new Set([...this.mentionedIn(alone), ...wanted]);
    const prefix = this.names.prefix(declarationsOf(this.ts, alone), mentioned);
    const text = cursor === undefined ? source : this.touchable(source, alone, cursor);
    const file = this.program.open(prefix + text, true);
    try {
      return this.program.ask((service) => ask({ service, fileName: file.fileName, offset: prefix.length }));
    } finally {
      this.program.close(file);
    }
  }

  /**
   * Puts a `;` at a cursor that touches nothing; without it TypeScript completes no imports, and earlier names are
   * imports.
   */
  private touchable(source: string, alone: CellFile, cursor: number): string {
    if (!this.program.isBetweenStatements(alone, cursor)) return source;
    return `${source.slice(0, cursor)};${source.slice(cursor)}`;
  }

  /** Returns the kind of an earlier cell's name, as completion shows it. */
  kindOf(name: string): string | undefined {
    return this.names.kindOf(name);
  }

  /** Returns the syntax errors of a text, each with whether it is at the very end, where more input may complete it. */
  syntaxErrors(code: string): { atEnd: boolean; message: string }[] {
    return this.program.parse(code).parseDiagnostics.map(({ start, messageText }) => ({
      atEnd: start >= code.trimEnd().length,
      message: this.ts.flattenDiagnosticMessageText(messageText, "\n"),
    }));
  }

  /** Compiles a local TypeScript file to CommonJS. */
  transpileFile(source: string, fileName: string): string {
    return transpileLocalFile(this.ts, source, fileName);
  }

  /** Returns every name in the text, and the factories that its JSX elements call. */
  private mentionedIn(draft: CellFile): Set<string> {
    return new Set([...draft.identifiers.keys(), ...factoriesOf(this.ts, draft)]);
  }

  private emit(file: CellFile, length: number, declarations: Declaration[]): CompiledCell {
    const { code, map, isAsync, modules, constants } = emitCell(this.ts, this.program.current, file, length);
    // An imported value is among the constants.
    const changing = declarations.filter(
      ({ name, isValue, kind }) => isValue && kind !== "alias" && !constants.includes(name),
    );
    return {
      code,
      isAsync,
      linked: changing.map(({ name, isMutable }) => ({ name, isMutable })),
      imports: modules,
      map: new CellMap(map, code.split("\n").length),
      localFilesChanged: this.program.takeLocalChange(),
      module: moduleOf(file),
      declarations,
    };
  }

  /** Throws a cell's diagnostics. */
  private refuse(faults: readonly TypeScript.Diagnostic[], file: CellFile, length?: number): void {
    const own = this.complaints(faults, file, length);
    if (own.length > 0) throw new CellDiagnostics(own);
  }

  /**
   * Returns a cell's own faults in its words.
   *
   * @param length end of the cell's text; faults behind it are in generated code
   */
  private complaints(faults: readonly TypeScript.Diagnostic[], file: CellFile, length = Infinity): CellDiagnostic[] {
    return faults
      .filter((fault) => !ALLOWED.has(fault.code) && (fault.file !== file || (fault.start ?? 0) < length))
      .map((fault) => describe(this.ts, fault, file, this.folder));
  }
}

const moduleOf = (file: CellFile): string => basename(file.fileName, ".ts");

/**
 * Replaces `export` before a declaration, `export default` and `export { … }` by blanks, which keep all positions.
 * Later cells know every declaration anyway.
 */
export function withoutExports(ts: ts, code: string): string {
  if (!/\bexport\b/.test(code)) return code;
  const file = parseCell(ts, "cell.ts", code, true);
  return file.statements
    .map((statement) => exportSpan(ts, statement))
    .filter((span) => span !== undefined)
    .reduce((text, { start, end }) => text.slice(0, start) + blank(text.slice(start, end)) + text.slice(end), code);
}

function exportSpan(ts: ts, statement: TypeScript.Statement): { start: number; end: number } | undefined {
  const start = statement.getStart();
  if (ts.isExportDeclaration(statement)) {
    return statement.moduleSpecifier ? undefined : { start, end: statement.end };
  }
  if (ts.isExportAssignment(statement)) {
    return statement.isExportEquals ? undefined : { start, end: statement.expression.getStart() };
  }
  const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
  const own = modifiers.filter(
    ({ kind }) => kind === ts.SyntaxKind.ExportKeyword || kind === ts.SyntaxKind.DefaultKeyword,
  );
  const isNamed =
    (statement as TypeScript.DeclarationStatement).name !== undefined || ts.isVariableStatement(statement);
  return own.length > 0 && isNamed ? { start: own[0]!.getStart(), end: own.at(-1)!.end } : undefined;
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, " ");
}
