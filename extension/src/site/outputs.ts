import { plainText } from "fovea/protocol";
import { element } from "../dom";
import { announceViews } from "../page";
import { elementsOf } from "./markup";

/** An output of a cell, as nbformat 4 stores it. */
export interface CellOutput {
  output_type: string;
  text?: string;
  data?: Record<string, unknown>;
  ename?: string;
  evalue?: string;
  traceback?: string[];
}

const PICTURES = ["image/png", "image/jpeg", "image/svg+xml"];

/** Shows the outputs of a cell in the place of those that were stored. */
export function showOutputs(place: HTMLElement, outputs: readonly CellOutput[]): void {
  place.replaceChildren(...outputs.flatMap(nodesOf));
  announceViews();
}

function nodesOf({ output_type: type, text = "", data, ename, evalue, traceback = [] }: CellOutput): Node[] {
  if (type === "stream") return [pre(text)];
  if (type === "error") return [pre(traceback.join("\n") || `${ename}: ${evalue}`, "error")];
  return data ? bundleOf(data) : [];
}

function bundleOf(data: Record<string, unknown>): Node[] {
  const words = String(data["text/plain"] ?? "");
  const view = Object.keys(data).find((mime) => /^application\/vnd\.(fovea\.|plotly\.)/.test(mime));
  const still = stillOf(data, words);
  if (view === undefined) return still;
  const saved = element("script", { attributes: { type: "application/json", "data-mime": view } });
  saved.textContent = JSON.stringify(data[view]);
  return [element("figure", {}, ...still.map((node) => node as HTMLElement), saved)];
}

function stillOf(data: Record<string, unknown>, words: string): Node[] {
  const html = data["text/html"];
  if (typeof html === "string")
    return [element("div", { class: "wide", attributes: { tabindex: "0" } }, ...elementsOf(html))];
  const mime = PICTURES.find((one) => typeof data[one] === "string");
  if (mime === undefined) return [pre(words)];
  const content = String(data[mime]);
  const src =
    mime === "image/svg+xml" ? `data:${mime},${encodeURIComponent(content)}` : `data:${mime};base64,${content}`;
  return [element("img", { attributes: { src, alt: words } })];
}

const pre = (text: string, name = ""): HTMLElement =>
  element("pre", { class: name, text: plainText(text), attributes: { tabindex: "0" } });
