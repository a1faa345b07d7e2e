import type { ISessionContext } from "@jupyterlab/apputils";
import type { Contents } from "@jupyterlab/services";
import type { Widget } from "@lumino/widgets";
import { base64Encode } from "fovea/protocol";
import type { DroppedFile } from "./viewer";

/** Drags of JupyterLab's file browser: the events are Lumino's, the data are paths. */
const PATHS = "application/x-jupyter-icontents";

interface PathDrag extends Event {
  mimeData: { hasData(type: string): boolean; getData(type: string): unknown };
  dropAction: string;
  proposedAction: string;
}

/** Content of a drop: paths on the server, or files of the desktop. */
export type Drop = { paths: string[] } | { files: File[] };

/** Calls `work` for files of the file browser and of the desktop that are dropped on an element. */
export function listenDrops(node: HTMLElement, work: (drop: Drop, on: EventTarget | null) => void): void {
  const mark = (isOver: boolean): void => void node.classList.toggle("jp-mod-drop", isOver);
  for (const type of ["lm-dragenter", "lm-dragover", "lm-dragleave", "lm-drop"])
    node.addEventListener(type, (event) => {
      const drag = event as PathDrag;
      if (!drag.mimeData.hasData(PATHS)) return;
      event.preventDefault();
      event.stopPropagation();
      mark(type === "lm-dragenter" || type === "lm-dragover");
      if (type !== "lm-dragleave") drag.dropAction = drag.proposedAction;
      const paths = type === "lm-drop" ? drag.mimeData.getData(PATHS) : undefined;
      if (Array.isArray(paths)) work({ paths: paths.map(String) }, event.target);
    });
  for (const type of ["dragover", "dragleave", "drop"] as const)
    node.addEventListener(type, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      event.stopPropagation();
      mark(type === "dragover");
      if (type === "drop") work({ files: Array.from(event.dataTransfer.files) }, event.target);
    });
}

const PICTURE = /\.(jpe?g|png|webp|gif|avif|tiff?)$/i;
const MODEL = /\.onnx$/i;

/** Kind of a file by its name; undefined for one that no view has a use for. */
export function kindOf(path: string): DroppedFile["kind"] | undefined {
  if (PICTURE.test(path)) return "picture";
  return MODEL.test(path) ? "model" : undefined;
}

/** A path as code in a notebook writes it: both are paths of the server, and code begins in the notebook's folder. */
export function fromNotebook(path: string, notebook: string): string {
  const [to, from] = [path.split("/"), notebook.split("/").slice(0, -1)];
  let common = 0;
  while (common < from.length && common < to.length - 1 && from[common] === to[common]) common++;
  return [...from.slice(common).map(() => ".."), ...to.slice(common)].join("/");
}

/** Largest picture or model of the desktop that is sent to the server in one message. */
const MOST_BYTES = 64 << 20;

/** Puts a file of the desktop beside the notebook, under a name that is free, and returns its path. @throws Error for a large one */
export async function upload(
  contents: Contents.IManager,
  { path: notebook }: ISessionContext,
  file: File,
): Promise<string> {
  if (file.size > MOST_BYTES)
    throw new Error(
      `${file.name} has more than ${MOST_BYTES >> 20} MB: put it into the notebook's folder by the file browser`,
    );
  const folder = notebook.slice(0, notebook.lastIndexOf("/") + 1);
  const { content } = await contents.get(folder);
  const taken = new Set((content as Contents.IModel[]).map(({ name }) => name));
  const dot = file.name.lastIndexOf(".");
  let name = file.name;
  for (let i = 1; taken.has(name); i++) name = `${file.name.slice(0, dot)}-${i}${file.name.slice(dot)}`;
  const bytes = new Uint8Array(await file.arrayBuffer());
  const saved = await contents.save(folder + name, {
    type: "file",
    format: "base64",
    content: base64Encode(bytes),
    name,
  });
  return saved.path;
}

/** As much of a notebook's widget as is needed to make the cell of an output the active one. */
interface NotebookLike extends Widget {
  widgets: readonly Widget[];
  activeCellIndex: number;
}

/** Makes the cell that holds a widget the active one; false outside of a notebook. */
export function activateCellOf(widget: Widget): boolean {
  for (let at: Widget | null = widget; at; at = at.parent) {
    if (!at.hasClass("jp-Notebook")) continue;
    const notebook = at as NotebookLike;
    const cell = notebook.widgets.findIndex((one) => one.contains(widget));
    if (cell >= 0) notebook.activeCellIndex = cell;
    return cell >= 0;
  }
  return false;
}
