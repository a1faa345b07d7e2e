/** A saved notebook with ten views in JupyterLab, until all of them answer, beside the same notebook with their pictures. */
import { join } from "node:path";
import { environment, root } from "../../binder/setup.mjs";
import { capture } from "./capture.mjs";

export async function opening() {
  const script = join("test", "browser", "opening-views.ts");
  const options = { cwd: root, env: environment() };
  const { views, viewsMs, picturesMs } = JSON.parse(
    await capture(process.execPath, ["--import", "tsx", script], options),
  );
  const ratio = (viewsMs / picturesMs).toFixed(2);
  const [own, peer] = [viewsMs, picturesMs].map((ms) => `${ms.toLocaleString("en-GB")} ms`);
  const what = `a saved notebook with ${views} views, from its first cell on the page until all answer`;
  return {
    title: "Opening a notebook",
    note: "In Chromium, all outputs on the screen, a fresh profile each time, no kernel; median of 5 by turns. Peer: the same notebook with PNG pictures in place of the views, until all are shown.",
    rows: [{ measure: what, Fovea: own, peer: `pictures alone ${peer}`, ratio }],
    summary: [{ what, Fovea: own, peer: `pictures alone ${peer}`, ratio }],
  };
}
