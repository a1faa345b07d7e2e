/** Notebook files made for the tests, and saved ones read back. */
import { readFileSync } from "node:fs";

export interface Cell {
  source: string;
  outputs?: object[];
}

/** A notebook of TypeScript cells for Fovea's kernel. */
export function notebook(cells: Cell[]): object {
  return {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {
      kernelspec: { name: "fovea", display_name: "Fovea (TypeScript)", language: "typescript" },
      language_info: { name: "typescript", file_extension: ".ts", mimetype: "text/typescript" },
    },
    cells: cells.map(({ source, outputs = [] }, i) => ({
      id: `cell-${i}`,
      cell_type: "code",
      execution_count: outputs.length ? i + 1 : null,
      metadata: {},
      source,
      outputs,
    })),
  };
}

/** A saved output that holds a mime bundle. */
export function savedOutput(data: object): object {
  return { output_type: "display_data", data, metadata: {} };
}

interface SavedNotebook {
  /** Text cells have no outputs. */
  cells: { outputs?: { data?: object }[] }[];
}

export function readNotebook(path: string): SavedNotebook {
  return JSON.parse(readFileSync(path, "utf8")) as SavedNotebook;
}

/** Bytes that the outputs of a cell take in the file. */
export function outputBytes(saved: SavedNotebook, cell: number): number {
  return Buffer.byteLength(JSON.stringify(saved.cells[cell].outputs, null, 1));
}
