/** Host of the language service: files on disk, files in memory, and the resolution of imports. */
import { statSync } from "../../platform/files";
import type * as TypeScript from "typescript";
import { lateTypes } from "../node";
import type { LateTypes } from "./late-types";
import { isLocal } from "./library";
import { bareSpecifier } from "./specifiers";
import type { ts } from "./typescript";

type Literals = readonly TypeScript.StringLiteralLike[];
type Resolution = TypeScript.ResolvedModuleWithFailedLookupLocations;

/** Host of the language service. */
export class CompilerHost implements TypeScript.LanguageServiceHost {
  /** Documentation is a third of the text to parse, and is requested for one name at a time. */
  readonly jsDocParsingMode: TypeScript.JSDocParsingMode;
  readonly fileExists: (path: string) => boolean;
  readonly readFile: (path: string) => string | undefined;
  readonly directoryExists;
  readonly getDirectories;
  readonly readDirectory;
  readonly realpath;
  private readonly roots = new Set<string>();
  private readonly virtual = new Map<string, { text: string; version: string }>();
  private cache: TypeScript.ModuleResolutionCache;
  /** Versions of files that the user may edit while the session runs; packages do not change. */
  private readonly localVersions = new Map<string, string>();
  /** Local files with an unresolved import that may resolve later. */
  private readonly unresolvedIn = new Set<string>();
  private version = 0;
  /** Declarations that nothing has named yet: to the compiler, their files are empty. */
  private late: LateTypes | undefined = lateTypes();

  constructor(
    private readonly ts: ts,
    private options: TypeScript.CompilerOptions,
    private folder: string,
  ) {
    const { sys } = ts;
    this.jsDocParsingMode = ts.JSDocParsingMode.ParseForTypeInfo;
    this.directoryExists = sys.directoryExists;
    this.getDirectories = sys.getDirectories;
    this.readDirectory = sys.readDirectory;
    this.realpath = sys.realpath;
    this.fileExists = (path) => this.virtual.has(path) || sys.fileExists(path);
    this.readFile = (path) => this.virtual.get(path)?.text ?? sys.readFile(path);
    this.cache = ts.createModuleResolutionCache(folder, (path) => path, options);
  }

  /** Moves to another folder. Other options ask for a new program. */
  moveTo(folder: string, options: TypeScript.CompilerOptions): void {
    this.folder = folder;
    if (options === this.options) return;
    this.options = options;
    this.cache = this.ts.createModuleResolutionCache(folder, (path) => path, options);
    this.version++;
  }

  /** Adds a file to the program. A given text makes a file in memory, with a new version at each call. */
  add(path: string, text?: string): void {
    this.version++;
    this.roots.add(path);
    if (text !== undefined) this.virtual.set(path, { text, version: this.getProjectVersion() });
  }

  /** Reads the late declarations if the text names one of their modules; without a text always. */
  admitLate(text?: string): void {
    if (!this.late || (text !== undefined && !this.late.named.test(text))) return;
    this.late = undefined;
    this.version++;
  }

  remove(path: string): void {
    this.virtual.delete(path);
    if (this.roots.delete(path)) this.version++;
  }

  /** Returns whether a local file has changed since it was read, or an import may now resolve. */
  noticeChanges(): boolean {
    const changed = [...this.localVersions].filter(([path, version]) => versionOnDisk(path) !== version);
    for (const [path] of changed) {
      this.localVersions.delete(path);
      if (!this.fileExists(path)) this.roots.delete(path);
    }
    if (this.unresolvedIn.size > 0) this.cache.clear();
    if (changed.length > 0 || this.unresolvedIn.size > 0) this.version++;
    return changed.length > 0;
  }

  /** Resolves an import of a cell. */
  resolve(name: string, from: string): Resolution {
    const bare = bareSpecifier(name);
    return this.ts.resolveModuleName(bare, from, this.options, this, undefined, undefined, this.ts.ModuleKind.ESNext);
  }

  resolveModuleNameLiterals(
    literals: Literals,
    from: string,
    redirected: TypeScript.ResolvedProjectReference | undefined,
    options: TypeScript.CompilerOptions,
    file: TypeScript.SourceFile,
  ): Resolution[] {
    this.unresolvedIn.delete(from);
    if (this.late && !from.startsWith(this.late.folder)) this.admitLate(literals.map(quoted).join());
    return literals.map((literal) => {
      const mode = this.ts.getModeForUsageLocation(file, literal, options);
      const found = this.ts.resolveModuleName(
        bareSpecifier(literal.text),
        from,
        options,
        this,
        this.cache,
        redirected,
        mode,
      );
      if (!found.resolvedModule && literal.text.startsWith(".") && isLocal(from)) this.unresolvedIn.add(from);
      return found;
    });
  }

  /** The service calls this without a `this`. */
  readonly hasInvalidatedResolutions = (path: string): boolean => this.unresolvedIn.has(path);

  getModuleResolutionCache(): TypeScript.ModuleResolutionCache {
    return this.cache;
  }

  getProjectVersion(): string {
    return String(this.version);
  }

  getScriptFileNames(): string[] {
    return [...this.roots];
  }

  getScriptVersion(path: string): string {
    const virtual = this.virtual.get(path);
    if (virtual) return virtual.version;
    if (this.late?.files.has(path)) return "0";
    if (!isLocal(path)) return "1";
    const version = this.localVersions.get(path) ?? versionOnDisk(path);
    this.localVersions.set(path, version);
    return version;
  }

  getScriptSnapshot(path: string): TypeScript.IScriptSnapshot | undefined {
    const text = this.late?.files.has(path) ? "" : this.readFile(path);
    return text === undefined ? undefined : this.ts.ScriptSnapshot.fromString(text);
  }

  getCurrentDirectory(): string {
    return this.folder;
  }

  getCompilationSettings(): TypeScript.CompilerOptions {
    return this.options;
  }

  getDefaultLibFileName(options: TypeScript.CompilerOptions): string {
    return this.ts.getDefaultLibFilePath(options);
  }
}

const quoted = ({ text }: Literals[number]): string => `"${text}"`;

function versionOnDisk(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats ? `${stats.mtimeMs} ${stats.size}` : "missing";
}
