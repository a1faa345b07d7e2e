/** Types of the compiler, and files as it keeps them. */
import type * as TypeScript from "typescript";

export type ts = typeof TypeScript;

/** Text that is not run, in a file known to the language service. */
export interface Draft {
  service: TypeScript.LanguageService;
  fileName: string;
  /** Start of the text in the file. */
  offset: number;
}

export interface CellFile extends TypeScript.SourceFile {
  parseDiagnostics: TypeScript.DiagnosticWithLocation[];
  /** Every name in the text. */
  identifiers: ReadonlyMap<string, string>;
  /** Top-level declarations. */
  locals: ReadonlyMap<string, TypeScript.Symbol>;
}
