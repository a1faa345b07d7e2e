import { isRecord, parseJson } from "../rules/json-text";
import { plainText } from "../protocol/core/words";
import { isFile, readFileSync } from "../platform/files";
import { changesOf, type Change } from "./browser-cell";
import { PublishError } from "./error";

/** Parts of a bundle by mime type; texts are joined. */
export type Bundle = Record<string, unknown>;

/** An output of a cell, as nbformat 4 stores it. */
export type Output =
  | { kind: "stream"; text: string; isError: boolean }
  | { kind: "data"; bundle: Bundle }
  | { kind: "error"; text: string }
  | { kind: "unknown" };

/** A cell of a notebook. */
export type Cell =
  | { kind: "text"; source: string; attachments: Record<string, Bundle> }
  /** The changes make a heavy cell smaller where it runs in a page. */
  | { kind: "code"; source: string; outputs: Output[]; changes: Change[] }
  | { kind: "raw"; source: string };

/** The parts of a notebook that are published. */
export interface Notebook {
  /** Language of the code, in lower case; empty where the notebook does not say. */
  language: string;
  cells: Cell[];
}

const WHERE = "publish";

/**
 * Reads a notebook, which is not trusted. An output of an unknown form is replaced by a sentence about it.
 *
 * @throws PublishError for a file that is missing, no JSON, or no notebook of format 4
 */
export function readNotebook(path: string): Notebook {
  if (!isFile(path)) throw new PublishError(WHERE, "notebook must be a file", path);
  const document = documentOf(path);
  const { cells, nbformat, metadata } = document;
  if (nbformat !== 4) throw new PublishError(WHERE, `${path} must be a notebook of format 4`, nbformat);
  if (!Array.isArray(cells)) throw new PublishError(WHERE, `${path} must have a list of cells`, cells);
  return {
    language: languageOf(record(metadata)),
    cells: cells.map((cell, i) => readCell(cell, `${path}, cell ${i + 1}`)),
  };
}

function documentOf(path: string): Bundle {
  let document: unknown;
  try {
    document = parseJson(readFileSync(path, "utf8"));
  } catch (error) {
    throw new PublishError(WHERE, `${path} must be JSON`, error);
  }
  if (!isRecord(document)) throw new PublishError(WHERE, `${path} must be a notebook`, document);
  return document;
}

function languageOf(metadata: Bundle): string {
  const names = [record(metadata.language_info).name, record(metadata.kernelspec).language];
  return String(names.find((name) => typeof name === "string") ?? "").toLowerCase();
}

function readCell(cell: unknown, place: string): Cell {
  const { cell_type: type, source: parts, outputs, attachments, metadata } = record(cell);
  const source = textOf(parts);
  if (source === null) throw new PublishError(WHERE, `${place} must have a source`, parts);
  if (type === "markdown") return { kind: "text", source, attachments: bundlesOf(record(attachments)) };
  if (type === "code") {
    const read = Array.isArray(outputs) ? outputs.map(readOutput) : [];
    return { kind: "code", source, outputs: read, changes: changesOf(metadata) };
  }
  if (type === "raw") return { kind: "raw", source };
  throw new PublishError(WHERE, `${place} must be markdown, code or raw`, type);
}

function bundlesOf(attachments: Bundle): Record<string, Bundle> {
  return Object.fromEntries(Object.entries(attachments).map(([name, bundle]) => [name, bundleOf(bundle)]));
}

function readOutput(output: unknown): Output {
  const { output_type: type, name, text, data, ename, evalue, traceback } = record(output);
  const said = textOf(text);
  if (type === "stream" && said !== null) return { kind: "stream", text: plainText(said), isError: name === "stderr" };
  if ((type === "display_data" || type === "execute_result") && isRecord(data))
    return { kind: "data", bundle: bundleOf(data) };
  if (type !== "error") return { kind: "unknown" };
  const lines = Array.isArray(traceback) ? textOf(traceback.map((line) => `${String(line)}\n`)) : null;
  return { kind: "error", text: plainText(lines || `${String(ename)}: ${String(evalue)}`) };
}

/** Bundles store texts as one string or as lines; JSON is kept as it is. */
function bundleOf(bundle: unknown): Bundle {
  return Object.fromEntries(Object.entries(record(bundle)).map(([mime, part]) => [mime, textOf(part) ?? part]));
}

function textOf(parts: unknown): string | null {
  const lines = Array.isArray(parts) ? parts : [parts];
  return lines.every((line) => typeof line === "string") ? lines.join("") : null;
}

const record = (value: unknown): Bundle => (isRecord(value) ? value : {});
