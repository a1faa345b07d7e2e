/** From a position in the JavaScript that ran to the position in the cell that was written. */
import { SourceMap, type SourceMapPayload } from "node:module";

/** Zero-based. */
export interface Position {
  line: number;
  column: number;
}

export class CellMap {
  /** Parsed when an error first needs it: most cells have none. */
  private parsed: SourceMap | undefined;

  /** @param lines How many lines of JavaScript the cell became; behind them is only the wrapper. */
  constructor(
    private readonly json: string,
    private readonly lines: number,
  ) {}

  /** The place in the cell that generated `position`, or `undefined` for code that no cell line stands for. */
  toCell(position: Position): Position | undefined {
    if (position.line >= this.lines) return undefined;
    this.parsed ??= new SourceMap(JSON.parse(this.json) as SourceMapPayload);
    const entry = this.parsed.findEntry(position.line, position.column);
    if (!("originalLine" in entry)) return undefined;
    return { line: entry.originalLine, column: entry.originalColumn };
  }
}
