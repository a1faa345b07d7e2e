/** `fovea check NOTEBOOK.ipynb … [--json]`. */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import { parseJson } from "../rules/json-text";
import { counted } from "../protocol/core/words";
import { CellCompiler } from "../session/compile/cells";
import { parseConvenience } from "../session/conveniences";
import { USAGE } from "./usage";

/** Error in a cell; places count from 1, cells among the notebook's code cells. */
interface CellError {
  notebook: string;
  cell: number;
  /** Path of an imported local file, where the error is in it; null for the cell itself. */
  file: string | null;
  line: number;
  column: number;
  /** TypeScript's number of the error; null for a command that the kernel does not have. */
  code: number | null;
  message: string;
}

/**
 * Runs `fovea check`.
 *
 * @throws Error for arguments that the usage does not allow, or a file that is no notebook of TypeScript
 */
export function main(args: string[]): void {
  const { values, positionals } = parseArgs({ args, options: { json: { type: "boolean" } }, allowPositionals: true });
  if (positionals.length === 0) throw new Error(`check: a NOTEBOOK.ipynb is needed\n\n${USAGE.check}`);
  const checked = positionals.map((notebook) => ({ notebook, ...checkNotebook(notebook) }));
  const errors = checked.flatMap((one) => one.errors);
  if (values.json) process.stdout.write(`${JSON.stringify(errors, null, 2)}\n`);
  else for (const one of checked) process.stdout.write(`${linesOf(one).join("\n")}\n`);
  if (errors.length > 0) process.exitCode = 1;
}

function linesOf({ notebook, cells, errors }: { notebook: string; cells: number; errors: CellError[] }): string[] {
  const lines = errors.map(({ cell, file, line, column, code, message }) => {
    const place = `${notebook}, code cell ${cell}${file === null ? "" : `, ${file}`}, line ${line}, column ${column}`;
    return `${place}: ${message}${code === null ? "" : ` (TS${code})`}`;
  });
  const found = errors.length === 0 ? "no errors" : counted(errors.length, "error");
  return [...lines, `${notebook}: ${counted(cells, "code cell")}, ${found}`];
}

function checkNotebook(notebook: string): { cells: number; errors: CellError[] } {
  const cells = codeCells(notebook);
  const compiler = new CellCompiler(dirname(resolve(notebook)));
  return { cells: cells.length, errors: cells.flatMap((code, i) => checkCell(compiler, code, notebook, i + 1)) };
}

function checkCell(compiler: CellCompiler, code: string, notebook: string, cell: number): CellError[] {
  const command = parseConvenience(code);
  if (command?.kind === "unknown")
    return [{ notebook, cell, file: null, line: 1, column: 1, code: null, message: `${command.name}: is no command` }];
  if (command?.kind === "reset") compiler.reset();
  if (command && command.kind !== "time") return [];
  return compiler.check(command?.code ?? code).map(({ code: number, messageText, start, fileName }) => ({
    notebook,
    cell,
    file: fileName ?? null,
    line: start.line + 1,
    column: start.character + 1,
    code: number,
    message: messageText,
  }));
}

/** Returns the sources of the code cells. */
function codeCells(path: string): string[] {
  const document = readNotebook(path);
  const language = document.metadata?.kernelspec?.language ?? document.metadata?.language_info?.name ?? "typescript";
  if (language !== "typescript")
    throw new Error(`check: ${path} must be a notebook of TypeScript, received ${language}`);
  return document.cells.filter((cell) => cell.cell_type === "code").map((cell) => [cell.source].flat().join(""));
}

/** The parts of a notebook that are read (nbformat 4). */
interface NotebookDocument {
  cells: { cell_type?: unknown; source: string | string[] }[];
  metadata?: { kernelspec?: { language?: string }; language_info?: { name?: string } };
}

function readNotebook(path: string): NotebookDocument {
  let document: Partial<NotebookDocument> | null;
  try {
    document = parseJson(readFileSync(path, "utf8")) as Partial<NotebookDocument> | null;
  } catch (error) {
    throw new Error(`check: ${path} must be a notebook: ${(error as Error).message}`);
  }
  const isText = (source: unknown): boolean => [source].flat().every((part) => typeof part === "string");
  if (!Array.isArray(document?.cells) || !document.cells.every((cell) => isText(cell?.source)))
    throw new Error(`check: ${path} must be a notebook of format 4, with cells that have a source`);
  return document as NotebookDocument;
}
