/** The first sheet of a spreadsheet file (ECMA-376): a zip of XML, read with limits, since it comes from outside. */
import { joinBytes } from "../../../numeric";
import { TaskError } from "../../error";

/** Most bytes of one file inside, unpacked. */
const LARGEST = 128 * 2 ** 20;
/** Most cells of a sheet, empty ones between others too: ten columns of a million rows. */
const MOST_CELLS = 10_000_000;
/** Most columns that a spreadsheet has. */
const MOST_COLUMNS = 16_384;
const [END, DIRECTORY, LOCAL] = [0x06054b50, 0x02014b50, 0x04034b50];
/** Methods of a zip: stored and deflated. */
const [STORED, DEFLATED] = [0, 8];

interface Entry {
  name: string;
  method: number;
  packed: number;
  unpacked: number;
  at: number;
}

/**
 * Returns the cells of the first sheet as text, row by row; empty ones are "".
 *
 * @throws TaskError for bytes that are no zip, files that are too large, or a sheet that is missing
 */
export async function readSheet(bytes: Uint8Array, where: string): Promise<string[][]> {
  const entries = entriesOf(bytes, where);
  const find = (name: string): Entry | undefined => entries.find((entry) => entry.name === name);
  const sheets = entries
    .map(({ name }) => /^xl\/worksheets\/sheet(\d+)\.xml$/.exec(name))
    .filter((match) => match !== null);
  const [first] = sheets.sort((a, b) => Number(a[1]) - Number(b[1]));
  if (!first)
    throw new TaskError(
      where,
      "the file must hold a sheet xl/worksheets/sheet1.xml",
      entries.map(({ name }) => name),
    );
  const strings = find("xl/sharedStrings.xml");
  const shared = strings ? sharedOf(await textOf(bytes, strings, where), where) : [];
  return rowsOf(await textOf(bytes, find(first[0]) as Entry, where), shared, where);
}

function entriesOf(bytes: Uint8Array, where: string): Entry[] {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - 22;
  while (end >= 0 && end > bytes.length - 22 - 0x10000 && data.getUint32(end, true) !== END) end--;
  if (end < 0 || data.getUint32(end, true) !== END) throw new TaskError(where, "the file must be a zip", bytes);
  const count = data.getUint16(end + 10, true);
  const entries: Entry[] = [];
  for (let i = 0, at = data.getUint32(end + 16, true); i < count; i++) {
    if (at + 46 > bytes.length || data.getUint32(at, true) !== DIRECTORY)
      throw new TaskError(where, "the zip's directory must lie within the file", at);
    const [name, extra, comment] = [28, 30, 32].map((offset) => data.getUint16(at + offset, true));
    entries.push({
      name: new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + name)),
      method: data.getUint16(at + 10, true),
      packed: data.getUint32(at + 20, true),
      unpacked: data.getUint32(at + 24, true),
      at: data.getUint32(at + 42, true),
    });
    at += 46 + name + extra + comment;
  }
  return entries;
}

async function textOf(
  bytes: Uint8Array,
  { name, method, packed, unpacked, at }: Entry,
  where: string,
): Promise<string> {
  if (unpacked > LARGEST) throw new TaskError(where, `${name} must hold at most ${LARGEST} bytes`, unpacked);
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (at + 30 > bytes.length || data.getUint32(at, true) !== LOCAL)
    throw new TaskError(where, `${name} must lie within the file`, at);
  const from = at + 30 + data.getUint16(at + 26, true) + data.getUint16(at + 28, true);
  const part = bytes.subarray(from, from + packed);
  if (part.length !== packed) throw new TaskError(where, `${name} must lie within the file`, at);
  if (method === STORED) return new TextDecoder().decode(part);
  if (method === DEFLATED) return new TextDecoder().decode(await inflated(part, name, where));
  throw new TaskError(where, `${name} must be stored or deflated`, method);
}

async function inflated(part: Uint8Array, name: string, where: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    const stream = new Blob([Uint8Array.from(part)]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    const reader = stream.getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      const chunk = next.value as Uint8Array;
      size += chunk.length;
      // The directory may be wrong about the size.
      if (size > LARGEST) throw new RangeError(`more than ${LARGEST} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw new TaskError(where, `${name} must unpack`, (error as Error).message);
  }
  return joinBytes(chunks);
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function plain(xml: string): string {
  const decoded = xml.replace(/&(#x[0-9a-f]{1,6}|#\d{1,7}|\w{2,4});/gi, (whole, name: string) => {
    if (!name.startsWith("#")) return ENTITIES[name] ?? whole;
    const code = /^#x/i.test(name) ? parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
  // Spreadsheets write control characters as _x000D_.
  return decoded.replace(/_x([0-9a-f]{4})_/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
}

interface XmlElement {
  attributes: string;
  inside: string;
  /** Place of the element in the text. */
  start: number;
  end: number;
}

/** Yields the elements of a name in one pass: a regular expression would search the rest again for each one that does not end. */
function* elementsOf(xml: string, name: string, where: string): Generator<XmlElement, void, void> {
  const [opening, closing] = [`<${name}`, `</${name}>`];
  for (let start = xml.indexOf(opening); start >= 0;) {
    const from = start + opening.length;
    const to = xml.indexOf(">", from);
    if (to < 0) throw new TaskError(where, `the sheet's element ${name} must end`, xml.slice(start, from));
    let end = from;
    if (/[\s/>]/.test(xml[from])) {
      const isEmpty = xml[to - 1] === "/";
      const close = isEmpty ? to : xml.indexOf(closing, to);
      if (close < 0) throw new TaskError(where, `the sheet's element ${name} must end`, xml.slice(start, from));
      end = isEmpty ? to + 1 : close + closing.length;
      yield { attributes: xml.slice(from, to), inside: isEmpty ? "" : xml.slice(to + 1, close), start, end };
    }
    start = xml.indexOf(opening, end);
  }
}

/** Text of all runs in an element, without hints of pronunciation. */
function runsOf(xml: string, where: string): string {
  let [bare, at] = ["", 0];
  for (const { start, end } of elementsOf(xml, "rPh", where)) {
    bare += xml.slice(at, start);
    at = end;
  }
  return [...elementsOf(bare + xml.slice(at), "t", where)].map(({ inside }) => plain(inside)).join("");
}

function sharedOf(xml: string, where: string): string[] {
  const texts: string[] = [];
  for (const { inside } of elementsOf(xml, "si", where)) {
    texts.push(runsOf(inside, where));
    checkCells(texts.length, where);
  }
  return texts;
}

function checkCells(count: number, where: string): void {
  if (count > MOST_CELLS) throw new TaskError(where, `a sheet must have at most ${MOST_CELLS} cells`, count);
}

function rowsOf(xml: string, shared: readonly string[], where: string): string[][] {
  const rows: string[][] = [];
  let count = 0;
  for (const { inside } of elementsOf(xml, "row", where)) {
    const cells = cellsOf(inside, shared, where);
    const width = Math.max(rows[0]?.length ?? 0, cells.length);
    checkCells((count += width), where);
    if (cells.some((cell) => cell !== "")) rows.push(Array.from({ length: width }, (_, i) => cells[i] ?? ""));
  }
  return rows;
}

function cellsOf(row: string, shared: readonly string[], where: string): string[] {
  const cells: string[] = [];
  for (const { attributes, inside } of elementsOf(row, "c", where)) {
    const column = columnOf(attributes) ?? cells.length;
    if (column >= MOST_COLUMNS) throw new TaskError(where, `a sheet must have at most ${MOST_COLUMNS} columns`, column);
    while (cells.length < column) cells.push("");
    cells[column] = valueOf(attributes, inside, shared, where);
  }
  return cells;
}

/** Column of a cell from its place, such as `AB12`. */
function columnOf(attributes: string): number | null {
  const letters = /\br="([A-Z]{1,3})\d+"/.exec(attributes)?.[1];
  if (letters === undefined) return null;
  return [...letters].reduce((sum, letter) => 26 * sum + letter.charCodeAt(0) - 64, 0) - 1;
}

function valueOf(attributes: string, content: string, shared: readonly string[], where: string): string {
  const kind = /\bt="(\w+)"/.exec(attributes)?.[1] ?? "n";
  if (kind === "inlineStr") return runsOf(content, where);
  const { value: found } = elementsOf(content, "v", where).next();
  const value = plain(found?.inside ?? "");
  // A cell of any kind may be empty.
  if (value === "") return "";
  if (kind !== "s") return kind === "b" ? (value === "1" ? "True" : "False") : value;
  const text = /^\d+$/.test(value) ? shared[Number(value)] : undefined;
  if (text === undefined) throw new TaskError(where, `shared strings are 0..${shared.length - 1}`, value);
  return text;
}
