/** Mapping from a position in the executed JavaScript to the position in the cell. */
import { SourceMap, type SourceMapPayload } from "node:module";

/** Zero-based position. */
export interface Position {
  line: number;
  column: number;
}

/** Source map of one cell. */
export class CellMap {
  /** Parsed on the first error, because most cells have none. */
  private parsed: SourceMap | undefined;

  /** @param lines number of JavaScript lines of the cell; later lines belong to the wrapper */
  constructor(
    private readonly json: string,
    private readonly lines: number,
  ) {}

  /** Returns the cell position of a generated `position`, or `undefined` for code without a cell line. */
  toCell(position: Position): Position | undefined {
    if (position.line >= this.lines) return undefined;
    this.parsed ??= new SourceMap(JSON.parse(this.json) as SourceMapPayload);
    const entry = this.parsed.findEntry(position.line, position.column);
    if (!("originalLine" in entry)) return undefined;
    return { line: entry.originalLine, column: entry.originalColumn };
  }
}
