/** From a position in the JavaScript that ran to the position in the cell that was written. */
import { SourceMap, type SourceMapPayload } from "node:module";
import type { Emit } from "./typescript";

/** Zero-based. */
export interface Position {
  line: number;
  column: number;
}

/** tslab puts this many lines (`export {};`) before a cell. */
const PREFIX_LINES = 1;

export class CellMap {
  private readonly steps: SourceMap[];

  /** @param lines How many lines of JavaScript the cell became; behind them is only the wrapper. */
  constructor(
    emit: Emit,
    private readonly lines: number,
  ) {
    this.steps = [emit.map, inlineMap(emit.esModule)].map((json) => new SourceMap(parse(json)));
  }

  /** The place in the cell that generated `position`, or `undefined` for code that no cell line stands for. */
  toCell(position: Position): Position | undefined {
    if (position.line >= this.lines) return undefined;
    let { line, column } = position;
    for (const step of this.steps) {
      const entry = step.findEntry(line, column);
      if (!("originalLine" in entry)) return undefined;
      line = entry.originalLine;
      column = entry.originalColumn;
    }
    return line < PREFIX_LINES ? undefined : { line: line - PREFIX_LINES, column };
  }
}

function inlineMap(code: string): string | undefined {
  const match = /\/\/# sourceMappingURL=data:application\/json;base64,(\S+)\s*$/.exec(code);
  return match ? Buffer.from(match[1]!, "base64").toString("utf8") : undefined;
}

function parse(json: string | undefined): SourceMapPayload {
  return JSON.parse(json ?? '{"version":3,"sources":[],"names":[],"mappings":""}') as SourceMapPayload;
}
