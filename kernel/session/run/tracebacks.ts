/** Errors in a notebook's form: cell, line and its code. */
import { inspect } from "node:util";
import type { ErrorReport } from "../../jupyter/ipc";
import { CellDiagnostics } from "../compile/diagnostics";
import type { Position } from "../compile/source-map";
import { cellLabel, inCellWords, type CellStacks } from "./stacks";

const RED = "\x1b[31m";
const GREEN = "\x1b[32m";
const DIM = "\x1b[2m";
const RESET = "\x1b[0m";
const CONTEXT_LINES = 2;

/** Tracebacks of a session's errors. */
export class Tracebacks {
  constructor(private readonly stacks: CellStacks) {}

  report(error: unknown, name: string, code: string): ErrorReport {
    if (error instanceof CellDiagnostics) return diagnosticsReport(error, name, code);
    if (!(error instanceof Error)) return thrownValue(error);
    const ename = error.name || error.constructor.name;
    const evalue = inCellWords(error.message);
    const traceback = [`${RED}${ename}${RESET}: ${evalue}`, ...this.frames(error)];
    for (const cause of causesOf(error)) traceback.push(`${DIM}caused by${RESET} ${shown(cause)}`);
    return { ename, evalue, traceback };
  }

  /** Returns the stack, preceded by the code around the innermost line of a cell. */
  private frames(error: Error): string[] {
    const lines = this.stacks.inCells(stackLines(error));
    const places = lines.map((line) => this.stacks.placeOf(line));
    const innermost = places.find((place) => place !== undefined);
    const told = lines.map((line, i) => (places[i] ? line : `${DIM}${line}${RESET}`));
    return innermost ? [codeFrame(innermost.code, innermost.position), ...told] : told;
  }
}

function causesOf(error: Error): unknown[] {
  const several = error instanceof AggregateError ? (error.errors as unknown[]) : [];
  return error.cause === undefined ? several : [error.cause, ...several];
}

function stackLines(error: Error): string[] {
  const stack = typeof error.stack === "string" ? error.stack : "";
  return stack.split("\n").filter((line) => /^\s+at /.test(line));
}

function diagnosticsReport({ diagnostics }: CellDiagnostics, name: string, code: string): ErrorReport {
  const isSyntax = diagnostics[0] !== undefined && diagnostics[0].code < 2000;
  const ename = isSyntax ? "SyntaxError" : "TypeScriptError";
  const blocks = diagnostics.map(({ start, messageText, code: number, fileName }) => {
    const position = { line: start.line, column: start.character };
    const where = fileName ? `${fileName}:${start.line + 1}:${start.character + 1}` : cellLabel(name, position);
    const head = `${RED}${ename}${RESET} TS${number} at ${where}: ${messageText}`;
    return fileName ? head : `${head}\n${codeFrame(code, position)}`;
  });
  const [first] = diagnostics;
  const evalue = first ? `${first.start.line + 1}:${first.start.character + 1} - ${first.messageText}` : "";
  return { ename, evalue, traceback: blocks };
}

function thrownValue(value: unknown): ErrorReport {
  const evalue = shown(value);
  return { ename: "Thrown", evalue, traceback: [`${RED}Thrown${RESET}: ${evalue} (not an Error, so it has no stack)`] };
}

function shown(value: unknown): string {
  try {
    return inspect(value);
  } catch {
    return "(a value that cannot be inspected)";
  }
}

function codeFrame(code: string, { line, column }: Position): string {
  const lines = code.split("\n");
  const from = Math.max(0, line - CONTEXT_LINES);
  const to = Math.min(lines.length, line + CONTEXT_LINES + 1);
  const width = String(to).length;
  const shownLines: string[] = [];
  for (let index = from; index < to; index++) {
    const isHere = index === line;
    const number = String(index + 1).padStart(width);
    shownLines.push(`${isHere ? `${RED}>${RESET}` : " "} ${GREEN}${number}${RESET} | ${lines[index] ?? ""}`);
    if (isHere) shownLines.push(`  ${" ".repeat(width)} | ${" ".repeat(column)}${RED}^${RESET}`);
  }
  return shownLines.join("\n");
}
