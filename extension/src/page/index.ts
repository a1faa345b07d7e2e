/**
 * The viewers on a page without JupyterLab and without a kernel: each saved view takes the place of its still picture. The script is
 * bundled by `binder/viewers.mjs` and stands inside the page.
 */
import { ATTENTION_MIME, CORRESPONDENCE_MIME, ENGLISH, readAttention, readCorrespondence } from "fovea/protocol";
import { AttentionViewer } from "../attention/viewer";
import { CorrespondenceViewer } from "../correspondence/viewer";
import type { Viewer } from "../frame/viewer";

/** Nobody answers: there is no kernel. */
const send = (): void => undefined;

const OPEN: Record<string, (data: unknown) => Viewer> = {
  [CORRESPONDENCE_MIME]: (data) =>
    new CorrespondenceViewer({ payload: readCorrespondence(data), trans: ENGLISH, send }),
  [ATTENTION_MIME]: (data) => new AttentionViewer({ payload: readAttention(data), trans: ENGLISH, send }),
};

/** A view that cannot be opened leaves its still picture, and the reason below it. */
function show(saved: HTMLScriptElement): void {
  const figure = saved.closest("figure");
  const still = figure?.querySelector("img");
  const open = OPEN[saved.dataset.mime ?? ""];
  if (!figure || !still || !open) return;
  try {
    const viewer = open(JSON.parse(saved.textContent ?? ""));
    still.replaceWith(viewer.node);
    viewer.setConnection?.("none");
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => viewer.redraw?.());
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    figure.append(Object.assign(document.createElement("p"), { textContent: `This view cannot be opened: ${reason}` }));
  }
}

for (const saved of document.querySelectorAll<HTMLScriptElement>("script[data-mime]")) show(saved);
