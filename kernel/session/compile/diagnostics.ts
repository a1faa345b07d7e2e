/** Compiler errors of a cell, in the cell's lines and words. */
import { relative } from "../../platform/path";
import type * as TypeScript from "typescript";
import { installHint } from "./specifiers";
import type { ts } from "./typescript";

export interface CellDiagnostic {
  code: number;
  messageText: string;
  /** Zero-based start. */
  start: { line: number; character: number };
  /** Path of the imported local file relative to the notebook; `undefined` for the cell itself. */
  fileName: string | undefined;
}

/** Error of a cell refused before it ran. */
export class CellDiagnostics extends Error {
  constructor(readonly diagnostics: CellDiagnostic[]) {
    super(diagnostics[0]?.messageText ?? "the cell does not compile");
  }
}

/** Name of the internal file that the compiler adds to a type of another cell. */
const CELL_FILE = /(?:typeof )?import\("[^"]*\.fovea-cell-\d+"\)\.?/g;

/** Removes the names of internal cell files from a message. */
export function withoutCellFiles(text: string): string {
  return text.replace(CELL_FILE, "");
}

/** Calls to make instead, for types that a newcomer passes something else for. */
const HINTS: readonly (readonly [message: RegExp, hint: string])[] = [
  [/'string' is not assignable to parameter of type 'FeatureFolderLike'/, "Open the folder: await features.open(…)."],
  [
    /'string' is not assignable to parameter of type '(Encoder\b|FeatureExtractor\b|AttentionEncoder\b)/,
    "Load the encoder: await encoders.load(…).",
  ],
];

/** Rewords messages: constants of earlier cells are imports to the compiler. */
function inWordsOfCells(message: string): string {
  const missing = /^Cannot find module '(npm:[^']*)'/.exec(message)?.[1];
  if (missing !== undefined) return `Cannot find module '${missing}'; ${installHint(missing)}.`;
  const hint = HINTS.find(([pattern]) => pattern.test(message))?.[1];
  return `${reworded(message)}${hint === undefined ? "" : ` ${hint}`}`;
}

function reworded(message: string): string {
  return withoutCellFiles(message).replace(/ because it is an import\.$/, " because it is a constant or an import.");
}

/** Returns diagnostics in terms of a cell. */
export function describe(
  ts: ts,
  { code, file, start = 0, messageText }: TypeScript.Diagnostic,
  cell: TypeScript.SourceFile,
  folder: string,
): CellDiagnostic {
  return {
    code,
    messageText: inWordsOfCells(ts.flattenDiagnosticMessageText(messageText, "\n")),
    start: (file ?? cell).getLineAndCharacterOfPosition(start),
    fileName: !file || file === cell ? undefined : relative(folder, file.fileName),
  };
}
