import type { Contents } from "@jupyterlab/services";
import {
  checkHeaderLength,
  KIND_BYTES,
  parseHeader,
  type SafetensorsEntry,
  type SafetensorsHeader,
} from "fovea/inspect";
import type { Translate } from "fovea/protocol";
import { element } from "../dom";
import { bytesText, facts, fold } from "../parts/facts";
import { histogram } from "./histogram";
import { type Column, Listing } from "./listing";
import type { RemoteFile } from "./remote-file";
import { summarize } from "./values";

const FN = "safetensors";

type Row = [name: string, entry: SafetensorsEntry];

const sizeOf = ({ shape }: SafetensorsEntry): number => shape.reduce((product, size) => product * size, 1);
const thousands = (value: number): string => value.toLocaleString("en");

/** A safetensors file: what it holds, its metadata, and its tensors, whose values are read when one asks for them. */
export async function showTensors(
  file: RemoteFile,
  contents: Contents.IManager,
  path: string,
  trans: Translate,
): Promise<Node[]> {
  const header = await readHeader(file);
  const rows: Row[] = [...header.tensors];
  const values = valuesPlace(trans);
  const listing = new Listing<Row>(
    trans,
    trans.__("Tensors"),
    rows,
    columnsOf(trans),
    (row) => void showValues(values, file, header, row, trans),
  );
  return [
    summaryOf(rows, file, trans),
    ...(await adapterCard(header, contents, path, trans)),
    ...metadataOf(header, trans),
    values,
    listing.node,
  ];
}

function columnsOf(trans: Translate): Column<Row>[] {
  return [
    { title: trans.__("name"), text: ([name]) => name },
    { title: trans.__("type"), text: ([, { dtype }]) => dtype },
    { title: trans.__("shape"), text: ([, { shape }]) => `[${shape.join(", ")}]` },
    {
      title: trans.__("elements"),
      text: ([, entry]) => thousands(sizeOf(entry)),
      order: ([, entry]) => sizeOf(entry),
    },
    {
      title: trans.__("bytes"),
      text: ([, { begin, end }]) => bytesText(end - begin),
      order: ([, { begin, end }]) => end - begin,
    },
  ];
}

/** Place for the values of the tensor that the reader chooses. */
function valuesPlace(trans: Translate): HTMLElement {
  const text = trans.__("Choose a tensor's name to see its values.");
  const hint = element("p", { class: "jp-FoveaFile-hint", text });
  return element("div", { class: "jp-FoveaFile-place", attributes: { "aria-live": "polite" } }, hint);
}

function summaryOf(rows: readonly Row[], file: RemoteFile, trans: Translate): HTMLElement {
  const elements = rows.reduce((sum, [, entry]) => sum + sizeOf(entry), 0);
  const types = [...new Set(rows.map(([, { dtype }]) => dtype))].sort();
  return facts([
    [trans.__("tensors"), thousands(rows.length)],
    [trans.__("elements"), thousands(elements)],
    [trans.__("types"), types.join(", ") || "-"],
    [trans.__("size"), bytesText(file.size)],
  ]);
}

function metadataOf(header: SafetensorsHeader, trans: Translate): HTMLElement[] {
  const metadata = Object.entries(header.metadata);
  if (!metadata.length) return [];
  return [fold(trans.__("Metadata"), facts(metadata.map(([name, text]) => [name, text.slice(0, 2000)])))];
}

async function readHeader(file: RemoteFile): Promise<SafetensorsHeader> {
  const length = checkHeaderLength(FN, await file.read(0, Math.min(KIND_BYTES, file.size)), file.size);
  return parseHeader(FN, await file.read(8, length), file.size);
}

async function showValues(
  place: HTMLElement,
  file: RemoteFile,
  header: SafetensorsHeader,
  [name, entry]: Row,
  trans: Translate,
): Promise<void> {
  place.replaceChildren(element("p", { text: trans.__("Reading %1 …", name) }));
  try {
    const summary = await summarize(file, header.dataStart, entry);
    const shown = summary
      ? histogram(trans, name, sizeOf(entry), summary)
      : element("p", { text: trans.__("Values of type %1 are not shown.", entry.dtype) });
    place.replaceChildren(shown);
  } catch (error) {
    place.replaceChildren(element("p", { class: "jp-FoveaFile-error", text: (error as Error).message }));
  }
}

/** Facts of PEFT's configuration beside the file, for a file with tensors of an adapter. */
async function adapterCard(
  header: SafetensorsHeader,
  contents: Contents.IManager,
  path: string,
  trans: Translate,
): Promise<Node[]> {
  const ranks = [...header.tensors].filter(([name]) => /\.lora_A(\.|$)/.test(name)).map(([, { shape }]) => shape[0]);
  if (ranks.length === 0) return [];
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  const config = await readConfig(contents, `${folder}adapter_config.json`);
  const said = (name: string): string => (config && name in config ? JSON.stringify(config[name]).slice(0, 300) : "-");
  const card = facts([
    [trans.__("adapted layers"), thousands(ranks.length)],
    [trans.__("ranks"), [...new Set(ranks)].sort((a, b) => a - b).join(", ")],
    ["peft_type", said("peft_type")],
    ["lora_alpha", said("lora_alpha")],
    ["target_modules", said("target_modules")],
    ["base_model_name_or_path", said("base_model_name_or_path")],
  ]);
  return [element("h3", { text: trans.__("Adapter") }), card];
}

/** Reads an object from a JSON file; null where there is none. */
async function readConfig(contents: Contents.IManager, path: string): Promise<Record<string, unknown> | null> {
  try {
    const { content } = await contents.get(path, { type: "file", format: "text", content: true });
    const value: unknown = JSON.parse(String(content).replace(/^\uFEFF/, ""));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
