import type { Contents } from "@jupyterlab/services";
import type { Translate } from "fovea/protocol";
import { element } from "../dom";
import { facts, fold } from "../parts/facts";
import { button } from "../parts/fields";
import { writeNotebook } from "../parts/notebook";
import { Listing } from "./listing";
import type { RemoteFile } from "./remote-file";

/** Parts of JupyterLab that a page of a file may use. */
export interface FileServices {
  contents: Contents.IManager;
  trans: Translate;
  /** Opens a document. */
  open(path: string): void;
}

/** File of encoder and options, beside the manifest. */
const RUN = "run.json";
/** Most bytes of a manifest that a page reads; the rest is for the kernel. */
const MOST_BYTES = 64 * 2 ** 20;

/** Line of a manifest, as far as a page shows it. */
interface Picture {
  path: string;
  size: string;
  state: string;
}

/** A folder of features, opened by its manifest: encoder, layers, pictures, and the way to the gallery. */
export async function showFeatures(file: RemoteFile, path: string, services: FileServices): Promise<Node[]> {
  const { trans } = services;
  const folder = path.slice(0, Math.max(0, path.lastIndexOf("/")));
  const run = await readRun(services, folder);
  const length = Math.min(file.size, run.committed, MOST_BYTES);
  const pictures = picturesOf(new TextDecoder().decode(await file.read(0, length)), trans);
  const code = galleryCode(folder);
  return [
    summaryOf(run, pictures, trans),
    ...galleryButton(folder, code, services),
    fold(trans.__("Code"), element("pre", {}, element("code", { text: code }))),
    listingOf(pictures, trans).node,
  ];
}

function summaryOf(run: Run, pictures: readonly Picture[], trans: Translate): HTMLElement {
  const skipped = pictures.filter(({ state }) => state !== "").length;
  return facts([
    [trans.__("encoder"), run.encoder],
    [trans.__("pictures"), (pictures.length - skipped).toLocaleString("en")],
    [trans.__("left out"), skipped.toLocaleString("en")],
    [trans.__("layers"), run.layers],
    [trans.__("type"), run.dtype],
  ]);
}

const listingOf = (pictures: readonly Picture[], trans: Translate): Listing<Picture> =>
  new Listing<Picture>(trans, trans.__("Pictures"), pictures, [
    { title: trans.__("path"), text: (one) => one.path },
    { title: trans.__("size"), text: (one) => one.size },
    { title: trans.__("left out"), text: (one) => one.state || "-" },
  ]);

/** A cell that shows the gallery, for a notebook beside the folder. */
function galleryCode(folder: string): string {
  const name = JSON.stringify(folder.slice(folder.lastIndexOf("/") + 1) || ".");
  return `import { features, view } from "fovea";\n\nconst folder = await features.open(${name});\nawait view.gallery(folder)`;
}

/** The button that writes and opens that notebook, and the place for a failure. */
function galleryButton(folder: string, code: string, { contents, trans, open }: FileServices): HTMLElement[] {
  const above = folder.slice(0, Math.max(0, folder.lastIndexOf("/")));
  const problem = element("p", { class: "jp-FoveaFile-error", attributes: { role: "alert" } });
  const write = (): void => {
    writeNotebook(contents, above, [{ kind: "code", source: code }]).then(open, (error: Error) => {
      problem.textContent = error.message;
    });
  };
  const tip = trans.__("Write a notebook beside the folder that shows its gallery");
  const node = button(trans.__("Open as gallery"), tip, write);
  node.className = "jp-FoveaFile-button";
  return [node, problem];
}

interface Run {
  encoder: string;
  layers: string;
  dtype: string;
  /** Bytes of the manifest that are committed. */
  committed: number;
}

/** Reads what `features.extract` wrote about a run. @throws Error where there is none beside the manifest */
async function readRun({ contents, trans }: FileServices, folder: string): Promise<Run> {
  const { version, encoder, layers, dtype, committed } = await readJson(contents, folder, RUN);
  const { name } = objectOf(encoder);
  const { manifest } = objectOf(committed);
  if (version !== 1 || !Array.isArray(layers) || typeof manifest !== "number")
    throw new Error(trans.__("Beside it there must be the run.json of features.extract."));
  return {
    encoder: typeof name === "string" ? name : "-",
    layers: layers.map(layerText).join("; "),
    dtype: typeof dtype === "string" ? dtype : "-",
    committed: Math.max(0, manifest),
  };
}

/** Reads a file of a folder; empty where there is none, which is not asked for then. */
async function readJson(
  contents: FileServices["contents"],
  folder: string,
  file: string,
): Promise<Record<string, unknown>> {
  const { content: entries } = await contents.get(folder);
  const isThere = Array.isArray(entries) && entries.some(({ name }: { name?: unknown }) => name === file);
  if (!isThere) return {};
  const { content } = await contents.get(folder ? `${folder}/${file}` : file, {
    type: "file",
    format: "text",
    content: true,
  });
  return objectOf(JSON.parse(String(content)));
}

const objectOf = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};

function layerText(value: unknown): string {
  const { layer, grid, channels } = objectOf(value);
  const sides = Array.isArray(grid) ? grid.join(" × ") : "?";
  return `${String(layer)}: ${sides} × ${String(channels)}`;
}

/** The last line of a path counts, as in the library. */
function picturesOf(text: string, trans: Translate): Picture[] {
  const found = new Map<string, Picture>();
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const { path, size, status, reason } = parsed(line);
    if (typeof path !== "string")
      throw new Error(trans.__("A line of the manifest describes no picture: %1", line.slice(0, 80)));
    const sides = Array.isArray(size) ? `${size.join(" × ")}` : "-";
    found.set(path, { path, size: sides, state: status === "ok" ? "" : String(reason ?? status) });
  }
  return [...found.values()];
}

function parsed(line: string): Record<string, unknown> {
  try {
    return objectOf(JSON.parse(line));
  } catch {
    return {};
  }
}
