import type { Contents } from "@jupyterlab/services";

/** A cell of a notebook that is not run yet. */
export interface NewCell {
  kind: "code" | "markdown";
  source: string;
}

/** Writes a notebook for the kernel into a folder, under a name that is free, and returns its path. */
export async function writeNotebook(
  contents: Contents.IManager,
  folder: string,
  cells: readonly NewCell[],
): Promise<string> {
  const { path } = await contents.newUntitled({ path: folder, type: "notebook" });
  await contents.save(path, { type: "notebook", format: "json", content: notebookOf(cells) });
  return path;
}

function notebookOf(cells: readonly NewCell[]): object {
  return {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {
      kernelspec: { name: "fovea", display_name: "Fovea (TypeScript)", language: "typescript" },
      language_info: { name: "typescript", file_extension: ".ts", mimetype: "text/typescript" },
    },
    cells: cells.map(({ kind, source }, i) =>
      kind === "markdown"
        ? { id: `cell-${i}`, cell_type: kind, metadata: {}, source }
        : { id: `cell-${i}`, cell_type: kind, metadata: {}, source, execution_count: null, outputs: [] },
    ),
  };
}
