/** Compiles cells one after another: declarations of earlier cells are known to later ones. */
import { platform } from "../../platform";
import { basename } from "../../platform/path";
import type * as TypeScript from "typescript";
import { fittingNames } from "../ask/completions";
import { CellDiagnostics, describe } from "./diagnostics";
import { emitCell } from "./emit";
import { withoutExports } from "./exports";
import { factoriesOf } from "./jsx";
import { transpileLocalFile } from "./local-files";
import { CellNames, declarationsOf, type Declaration } from "./names";
import { CellProgram, type CellFile } from "./program";
import { CellMap } from "./source-map";
import { loadTypeScript, type ts } from "./typescript";

export interface CompiledCell {
  /** The body of a function; empty when the cell only declares types. */
  code: string;
  isAsync: boolean;
  /** Top-level names that the code does not hand over itself as constants: functions, and what may be assigned again. */
  linked: { name: string; isMutable: boolean }[];
  /** Modules that the cell imports statically. */
  imports: string[];
  map: CellMap;
  /** Local files that were imported before are others now. */
  localFilesChanged: boolean;
  /** To pass to {@link CellCompiler.accept} once the cell ran. */
  module: string;
  declarations: Declaration[];
}

/** A text that is not run, in a file that the language service knows. */
export interface Draft {
  service: TypeScript.LanguageService;
  fileName: string;
  /** Where the text begins in the file. */
  offset: number;
}

/** `import x = require("x")`, which a module of the compiler's own must not write, is only another import here. */
const ALLOWED = new Set([1202]);

export class CellCompiler {
  readonly ts: ts = loadTypeScript();
  private readonly program: CellProgram;
  private readonly names = new CellNames();

  constructor(private readonly folder = platform().folder()) {
    this.program = new CellProgram(this.ts, folder);
  }

  /** Throws {@link CellDiagnostics}. */
  compile(source: string): CompiledCell {
    const text = withoutExports(this.ts, source);
    const draft = this.program.parse(text);
    this.refuse(draft.parseDiagnostics, draft);
    const declarations = declarationsOf(this.ts, draft);
    const file = this.program.open(text + this.names.suffix(declarations, this.mentionedIn(draft)));
    try {
      const faults = this.program.ask(() => this.program.faultsOf(file));
      this.refuse(faults, file, text.length);
      return this.emit(file, text.length, declarations);
    } catch (error) {
      this.program.close(file);
      throw error;
    }
  }

  /** Make what a cell declared known to the cells after it. */
  accept({ module, declarations }: CompiledCell): void {
    if (declarations.length > 0) this.names.add(module, declarations);
    else this.program.release(module);
  }

  /** Forget what all cells declared. */
  reset(): void {
    this.names.clear();
    this.program.reset();
  }

  /**
   * Ask the language service about a text that is not run, with the names that it mentions and, where it is to be completed at
   * a cursor, those that fit there.
   */
  consult<T>(source: string, ask: (draft: Draft) => T, cursor?: number): T {
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

  /** Where a cursor touches nothing, TypeScript completes no imports, as which earlier names are known: so it touches a `;`. */
  private touchable(source: string, alone: CellFile, cursor: number): string {
    if (!this.program.isBetweenStatements(alone, cursor)) return source;
    return `${source.slice(0, cursor)};${source.slice(cursor)}`;
  }

  /** What a name of an earlier cell is, as completion shows it. */
  kindOf(name: string): string | undefined {
    return this.names.kindOf(name);
  }

  /** Syntax errors of a text alone, with whether each stands at its very end (more input may mend it). */
  syntaxErrors(code: string): { atEnd: boolean; message: string }[] {
    return this.program.parse(code).parseDiagnostics.map(({ start, messageText }) => ({
      atEnd: start >= code.trimEnd().length,
      message: this.ts.flattenDiagnosticMessageText(messageText, "\n"),
    }));
  }

  /** A local TypeScript file as CommonJS. */
  transpileFile(source: string, fileName: string): string {
    return transpileLocalFile(this.ts, source, fileName);
  }

  /** Every name in the text, and those that its elements become calls of. */
  private mentionedIn(draft: CellFile): Set<string> {
    return new Set([...draft.identifiers.keys(), ...factoriesOf(this.ts, draft)]);
  }

  private emit(file: CellFile, length: number, declarations: Declaration[]): CompiledCell {
    const { code, map, isAsync, modules, constants } = emitCell(this.ts, this.program.current, file, length);
    // An import that is a value is among the constants.
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
      module: basename(file.fileName, ".ts"),
      declarations,
    };
  }

  /** @param length Where the cell's own text ends: faults behind it are of our making. */
  private refuse(faults: readonly TypeScript.Diagnostic[], file: CellFile, length = Infinity): void {
    const own = faults.filter(
      (fault) => !ALLOWED.has(fault.code) && (fault.file !== file || (fault.start ?? 0) < length),
    );
    if (own.length === 0) return;
    throw new CellDiagnostics(own.map((fault) => describe(this.ts, fault, file, this.folder)));
  }
}
