/**
 * Program of the compiler: libraries, packages and local files in a language service, and cells as separate modules
 * beside it.
 *
 * A new program needs a new type checker, which takes longer than everything else in a small cell. But a module that
 * adds nothing to the global scope can join a running checker, because the checker asks for files and resolved modules
 * on first use. Therefore two methods of the service's program also answer for cells, and a new program is made only
 * when a cell imports a new file, a local file changed, or a cell augments the global scope or a module.
 */
import type * as TypeScript from "typescript";
import { platform } from "../../platform";
import { CompilerHost } from "./compiler-host";
import { parseCell, parseDraft } from "./jsx";
import { isAugmentation } from "./names";
import type { Paths } from "./project";
import { thin } from "./thin";
import type { CellFile, ts } from "./typescript";
import type { CompilerOptions } from "typescript";
import { hostTypes } from "../node";
import { isLocal, libraryTypes, PACKAGE } from "./library";

type Resolution = TypeScript.ResolvedModuleWithFailedLookupLocations;

// Boundary to undeclared properties of TypeScript.
interface Internals {
  bindSourceFile(file: TypeScript.SourceFile, options: TypeScript.CompilerOptions): void;
  getTouchingPropertyName(file: TypeScript.SourceFile, position: number): TypeScript.Node;
}
interface Program extends TypeScript.Program {
  getResolvedModule(file: TypeScript.SourceFile, name: string, mode: unknown): Resolution | undefined;
}

interface OpenCell {
  file: CellFile;
  imports: ReadonlyMap<string, Resolution>;
}

/** Limit of draft text: a checker retains a measured 30 bytes per character. */
const DRAFT_LIMIT = 1_000_000;
/** Counted for a cell that ran and is released, or was refused: 5 kB stay in the checker however short it was. */
const RELEASED = 1_000;

/** Program of a session. */
export class CellProgram {
  private readonly service: TypeScript.LanguageService;
  private folder: string;
  private options: TypeScript.CompilerOptions;
  private readonly host: CompilerHost;
  private readonly cells = new Map<string, OpenCell>();
  private admitted: Program | undefined;
  private count = 0;
  private localChanged = false;
  /** Characters of drafts and of released cells that the checker has seen, and remembers. */
  private drafted = 0;

  constructor(
    private readonly ts: ts,
    folder: string,
    private paths: Paths,
  ) {
    this.folder = folder.replaceAll("\\", "/");
    this.options = compilerOptions(ts, paths);
    this.host = new CompilerHost(ts, this.options, this.folder);
    this.renew();
    this.service = ts.createLanguageService(this.host);
  }

  /** Moves a program without cells to another folder. The type checker stays, except where the folder has paths. */
  moveTo(folder: string, paths: Paths): void {
    this.folder = folder.replaceAll("\\", "/");
    const isOther = JSON.stringify(paths) !== JSON.stringify(this.paths);
    if (isOther) this.options = compilerOptions(this.ts, (this.paths = paths));
    this.host.moveTo(this.folder, this.options);
  }

  /** Lists the files on disk that the program holds. */
  files(): string[] {
    const names = this.current.getSourceFiles().map(({ fileName }) => fileName);
    return names.filter((name) => name !== GLOBALS && !this.cells.has(name));
  }

  get current(): TypeScript.Program {
    this.service.getProgram();
    // A file of the program may have named late declarations while it was read, which makes another at once.
    const program = this.service.getProgram() as Program;
    if (program !== this.admitted) this.admitCells(program);
    return (this.admitted = program);
  }

  /** Lets the text at a cursor name every module. */
  admitLate(): void {
    this.host.admitLate();
  }

  /** Leaves the texts of the declarations on the disk, for a start-up snapshot. */
  thin(): void {
    thin(
      this.ts,
      this.current.getSourceFiles().filter(({ fileName }) => fileName !== GLOBALS),
    );
  }

  /** Asks a question that may need types of cells. */
  ask<T>(question: (service: TypeScript.LanguageService) => T): T {
    try {
      return question(this.service);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      // A new checker that starts with the last of hundreds of cells, each inferred from the one before, overflows the
      // stack.
      this.renew();
      for (const { file } of this.cells.values()) this.current.getSemanticDiagnostics(file);
      return question(this.service);
    }
  }

  /** Parses a text that the checker does not know. */
  parse(text: string, name = "cell.ts", isDraft = false): CellFile {
    const file = isDraft ? parseDraft(this.ts, name, text) : parseCell(this.ts, name, text);
    // Lists that a program adds to its files, read by messages and queries.
    const lists = { imports: [], moduleAugmentations: [], ambientModuleNames: [] };
    Object.assign(file, { path: name, resolvedPath: name, originalFileName: name, ...lists });
    (this.ts as unknown as Internals).bindSourceFile(file, this.options);
    return file;
  }

  /** Tests that a position touches no token and lies in no statement. */
  isBetweenStatements(file: CellFile, position: number): boolean {
    return (this.ts as unknown as Internals).getTouchingPropertyName(file, position) === file;
  }

  /** Opens a text as a module, which the checker knows until {@link close}. A draft changes no other file. */
  open(text: string, isDraft = false): CellFile {
    if (this.drafted > DRAFT_LIMIT) this.renew();
    if (isDraft) this.drafted += text.length;
    this.host.admitLate(text);
    this.localChanged = this.host.noticeChanges() || this.localChanged;
    const name = platform().posix.join(this.folder, `.fovea-cell-${++this.count}.ts`);
    const file = this.parse(text, name, isDraft);
    const cell = { file, imports: this.resolveImports(text, name) };
    this.cells.set(name, cell);
    if (!isDraft && this.isStructural(file)) this.host.add(name, text);
    return (cell.file = this.current.getSourceFile(name) as CellFile);
  }

  close({ fileName }: CellFile): void {
    this.cells.delete(fileName);
    this.host.remove(fileName);
  }

  /** Forgets a cell that declares nothing, since nobody needs its syntax tree. Its global declarations stay. */
  release(module: string): void {
    const file = this.cells.get(this.pathOf(module))?.file;
    if (file && !this.isStructural(file)) this.discard(file);
  }

  /** Closes a text of which the checker keeps what it found out, as one that ran or was refused. */
  discard(file: CellFile): void {
    this.drafted += RELEASED + file.text.length;
    this.close(file);
  }

  private pathOf(module: string): string {
    return platform().posix.join(this.folder, `${module}.ts`);
  }

  /** Forgets the cells that neither are named nor stand behind the types of named ones. */
  releaseAllBut(named: Iterable<string>): void {
    const needed = new Set<string>();
    const visit = (path: string): void => {
      const cell = this.cells.get(path);
      if (!cell || needed.has(path)) return;
      needed.add(path);
      for (const { resolvedModule } of cell.imports.values())
        if (resolvedModule) visit(resolvedModule.resolvedFileName);
    };
    for (const module of named) visit(this.pathOf(module));
    const structural = [...this.cells].filter(([, { file }]) => this.isStructural(file));
    for (const [path] of structural) visit(path);
    for (const [path, { file }] of this.cells) if (!needed.has(path)) this.discard(file);
  }

  /** Removes all cells. */
  reset(): void {
    for (const { file } of this.cells.values()) this.close(file);
  }

  /** Returns whether local files changed since the last call. */
  takeLocalChange(): boolean {
    const changed = this.localChanged;
    this.localChanged = false;
    return changed;
  }

  /** Returns the errors of a cell and of the local files that it imports. */
  faultsOf(file: CellFile): TypeScript.Diagnostic[] {
    const program = this.current;
    const locals = this.localImports(file);
    return [
      ...program.getSemanticDiagnostics(file),
      ...locals.flatMap((local) => [
        ...program.getSyntacticDiagnostics(local),
        ...program.getSemanticDiagnostics(local),
      ]),
    ];
  }

  /** Returns the local files that a file imports, transitively. */
  private localImports(file: TypeScript.SourceFile, found = new Set<TypeScript.SourceFile>()): TypeScript.SourceFile[] {
    const program = this.admitted!;
    for (const { fileName: name } of this.ts.preProcessFile(file.text).importedFiles) {
      const resolution = program.getResolvedModule(file, name, this.ts.ModuleKind.ESNext);
      const imported = resolution?.resolvedModule && program.getSourceFile(resolution.resolvedModule.resolvedFileName);
      if (!imported || !isLocal(imported.fileName) || this.cells.has(imported.fileName) || found.has(imported))
        continue;
      found.add(imported);
      this.localImports(imported, found);
    }
    return [...found];
  }

  /** Makes a new program and checker. */
  private renew(): void {
    this.drafted = 0;
    this.host.add(GLOBALS, GLOBAL_TYPES);
  }

  private admitCells(program: Program): void {
    const { getSourceFile, getResolvedModule } = program;
    program.getSourceFile = (name) => getSourceFile(name) ?? this.cells.get(name)?.file;
    program.getResolvedModule = (file, name, mode) =>
      this.cells.get(file.fileName)?.imports.get(name) ?? getResolvedModule(file, name, mode);
  }

  /** Resolves the imports of a cell and adds their files to the program. */
  private resolveImports(text: string, from: string): Map<string, Resolution> {
    const imports = new Map<string, Resolution>();
    for (const { fileName: name } of this.ts.preProcessFile(text).importedFiles) {
      const resolution = this.resolveCell(name) ?? this.host.resolve(name, from);
      imports.set(name, resolution);
      this.include(resolution.resolvedModule);
    }
    return imports;
  }

  private resolveCell(name: string): Resolution | undefined {
    const path = this.pathOf(name);
    if (!this.cells.has(path)) return undefined;
    const resolvedModule = { resolvedFileName: path, extension: ".ts", isExternalLibraryImport: false };
    return { resolvedModule } as Resolution;
  }

  private include(module: TypeScript.ResolvedModuleFull | undefined): void {
    if (!module || this.current.getSourceFile(module.resolvedFileName)) return;
    // JavaScript of a package has no types and becomes `any`.
    if (module.isExternalLibraryImport && /\.[cm]?jsx?$/.test(module.extension)) return;
    this.host.add(module.resolvedFileName);
  }

  /** Tests whether a file changes the scope of all files and so needs a new program. */
  private isStructural(file: TypeScript.SourceFile): boolean {
    const references = [file.referencedFiles, file.typeReferenceDirectives, file.libReferenceDirectives];
    return (
      references.some(({ length }) => length > 0) ||
      file.statements.some((statement) => this.ts.isModuleDeclaration(statement) && isAugmentation(this.ts, statement))
    );
  }
}

/** Place of the types in no notebook's folder, as it stays when a program moves. */
const GLOBALS = `${PACKAGE.replaceAll("\\", "/")}/.fovea-globals.d.ts`;

export const GLOBAL_TYPES = `
/** Ask the user for a line of text and wait for it. Throws where the front end takes no input. */
declare function prompt(message?: string): string;
/** As {@link prompt}, without showing what is typed. */
declare function promptPassword(message?: string): string;
`;

/** Returns the compiler options of cells. */
export function compilerOptions(ts: ts, paths: Paths = {}): CompilerOptions {
  return {
    target: ts.ScriptTarget.ES2022,
    ...hostTypes(),
    module: ts.ModuleKind.ESNext,
    // Bundler resolution supports `exports` maps and files with and without extension.
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    allowImportingTsExtensions: true,
    resolveJsonModule: true,
    esModuleInterop: true,
    allowJs: true,
    jsx: ts.JsxEmit.React,
    skipLibCheck: true,
    // Other cells and `%who` read a cell's const enum.
    preserveConstEnums: true,
    sourceMap: true,
    paths: { ...paths, ...libraryTypes() },
  };
}
