/** Mapping from a position in the executed JavaScript to the position in the cell. */

/** Zero-based position. */
export interface Position {
  line: number;
  column: number;
}

/** A place in the JavaScript, and the place in the cell that it came from, if it came from one. */
interface Segment {
  column: number;
  original: Position | undefined;
}

/** Source map of one cell. */
export class CellMap {
  /** Parsed on the first error, because most cells have none. */
  private parsed: Segment[][] | undefined;

  /** @param lines number of JavaScript lines of the cell; later lines belong to the wrapper */
  constructor(
    private readonly json: string,
    private readonly lines: number,
  ) {}

  /** Returns the cell position of a generated `position`, or `undefined` for code without a cell line. */
  toCell({ line, column }: Position): Position | undefined {
    if (line >= this.lines) return undefined;
    const segments = (this.parsed ??= parseMappings((JSON.parse(this.json) as { mappings: string }).mappings));
    const before = segments[line]?.findLast((segment) => segment.column <= column);
    if (before) return before.original;
    return segments
      .slice(0, line)
      .findLast(({ length }) => length > 0)
      ?.at(-1)?.original;
  }
}

/** The segments of each line, by the source map format, revision 3: differences from the segment before, in base64. */
function parseMappings(mappings: string): Segment[][] {
  const original = { line: 0, column: 0 };
  return mappings.split(";").map((line) => {
    let column = 0;
    return line
      .split(",")
      .filter((text) => text !== "")
      .map((text): Segment => {
        const [toColumn, , toLine, toOriginal] = decodeNumbers(text);
        column += toColumn;
        if (toLine === undefined || toOriginal === undefined) return { column, original: undefined };
        original.line += toLine;
        original.column += toOriginal;
        return { column, original: { line: original.line, column: original.column } };
      });
  });
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Numbers in base 32, lowest digits first: bit 5 of a digit says that another follows, the lowest bit is the sign. */
function decodeNumbers(text: string): number[] {
  const numbers: number[] = [];
  let [value, shift] = [0, 0];
  for (const character of text) {
    const digit = DIGITS.indexOf(character);
    value += (digit & 31) << shift;
    shift += 5;
    if (digit & 32) continue;
    numbers.push(value & 1 ? -(value >> 1) : value >> 1);
    [value, shift] = [0, 0];
  }
  return numbers;
}
