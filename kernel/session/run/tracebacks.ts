/** Errors in a notebook's form: cell, line and its code. */
import type { ErrorReport } from "../../jupyter/ipc";
import { RuleError } from "../../rules/rule-error";
import { CellDiagnostics } from "../compile/diagnostics";
import type { Position } from "../compile/source-map";
import { attempt, cut, isError, readProperty, shown, textOf } from "./reading";
import { cellLabel, inCellWords, type CellStacks } from "./stacks";

const RED = "\x1b[31m";
const GREEN = "\x1b[32m";
const DIM = "\x1b[2m";
const RESET = "\x1b[0m";
const CONTEXT_LINES = 2;
const MOST_CAUSES = 20;
const MOST_DIAGNOSTICS = 100;
const MOST_PROPERTIES = 20;
const PROPERTY_LIMIT = 2_000;
const NAME_LIMIT = 200;
const STACK_LIMIT = 50_000;
const LINE_LIMIT = 1_000;

/** Reported when all else fails, so that a front end still gets its reply. */
const UNREADABLE: ErrorReport = {
  ename: "Error",
  evalue: "(an error that cannot be read)",
  traceback: [`${RED}Error${RESET}: (an error that cannot be read)`],
};

/** Tracebacks of a session's errors. */
export class Tracebacks {
  constructor(private readonly stacks: CellStacks) {}

  /** Never throws, whatever the error is: a reply depends on it. */
  report(error: unknown, name: string, code: string): ErrorReport {
    return attempt(() => this.told(error, name, code), UNREADABLE);
  }

  private told(error: unknown, name: string, code: string): ErrorReport {
    if (!isError(error)) return thrownValue(error);
    if (error instanceof CellDiagnostics) return diagnosticsReport(error, name, code);
    const ename = nameOf(error);
    const evalue = inCellWords(textOf(error, "message"));
    const traceback = [`${RED}${ename}${RESET}: ${evalue}`, ...this.frames(error), ...propertiesOf(error)];
    const causes = causesOf(error);
    for (const cause of causes.slice(0, MOST_CAUSES)) traceback.push(`${DIM}caused by${RESET} ${shown(cause)}`);
    if (causes.length > MOST_CAUSES) traceback.push(`${DIM}and ${causes.length - MOST_CAUSES} more${RESET}`);
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

function nameOf(error: Error): string {
  const maker = readProperty(error, "constructor");
  const name = textOf(error, "name") || (typeof maker === "function" && textOf(maker, "name")) || "Error";
  return cut(name, NAME_LIMIT);
}

function causesOf(error: Error): unknown[] {
  const cause = readProperty(error, "cause");
  const several = attempt(() => error instanceof AggregateError, false) ? readProperty(error, "errors") : [];
  return [...(cause === undefined ? [] : [cause]), ...(Array.isArray(several) ? (several as unknown[]) : [])];
}

/** Shown elsewhere, or of no use to a reader. */
const HIDDEN = new Set(["name", "message", "stack", "cause"]);

/** Lists an error's properties besides its message, as `code` and `path`. A {@link RuleError} says all of it in its message. */
function propertiesOf(error: Error): string[] {
  if (error instanceof RuleError) return [];
  const names = attempt(() => Object.keys(error), []).filter((name) => !HIDDEN.has(name));
  return names
    .slice(0, MOST_PROPERTIES)
    .map(
      (name) => `    ${cut(name, NAME_LIMIT)}: ${cut(shown(readProperty(error, name), { depth: 1 }), PROPERTY_LIMIT)}`,
    );
}

function stackLines(error: Error): string[] {
  const stack = readProperty(error, "stack");
  if (typeof stack !== "string") return [];
  // A message of many megabytes stands before the frames.
  const start = Math.max(0, stack.indexOf("\n    at "));
  return stack
    .slice(start, start + STACK_LIMIT)
    .split("\n")
    .filter((line) => /^\s+at /.test(line));
}

function diagnosticsReport({ diagnostics }: CellDiagnostics, name: string, code: string): ErrorReport {
  const isSyntax = diagnostics[0] !== undefined && diagnostics[0].code < 2000;
  const ename = isSyntax ? "SyntaxError" : "TypeScriptError";
  const blocks = diagnostics.slice(0, MOST_DIAGNOSTICS).map(({ start, messageText, code: number, fileName }) => {
    const position = { line: start.line, column: start.character };
    const where = fileName ? `${fileName}:${start.line + 1}:${start.character + 1}` : cellLabel(name, position);
    const head = `${RED}${ename}${RESET} TS${number} at ${where}: ${messageText}`;
    return cut(fileName ? head : `${head}\n${codeFrame(code, position)}`);
  });
  if (diagnostics.length > MOST_DIAGNOSTICS) blocks.push(`and ${diagnostics.length - MOST_DIAGNOSTICS} more`);
  const [first] = diagnostics;
  const evalue = first ? `${first.start.line + 1}:${first.start.character + 1} - ${cut(first.messageText)}` : "";
  return { ename, evalue, traceback: blocks };
}

function thrownValue(value: unknown): ErrorReport {
  const evalue = shown(value);
  return { ename: "Thrown", evalue, traceback: [`${RED}Thrown${RESET}: ${evalue} (not an Error, so it has no stack)`] };
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
    const text = cut(lines[index] ?? "", LINE_LIMIT);
    shownLines.push(`${isHere ? `${RED}>${RESET}` : " "} ${GREEN}${number}${RESET} | ${text}`);
    if (isHere && column < LINE_LIMIT) shownLines.push(`  ${" ".repeat(width)} | ${" ".repeat(column)}${RED}^${RESET}`);
  }
  return shownLines.join("\n");
}
