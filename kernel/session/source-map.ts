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
  /** Parsed when an error first needs them: most cells have none. */
  private parsed: SourceMap[] | undefined;

  /** @param lines How many lines of JavaScript the cell became; behind them is only the wrapper. */
  constructor(
    private readonly emit: Emit,
    private readonly lines: number,
  ) {}

  private get steps(): SourceMap[] {
    this.parsed ??= [this.emit.map, inlineMap(this.emit.esModule)].map((json) => new SourceMap(parse(json)));
    return this.parsed;
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
