/** The notebook of the browser tests: a synthetic encoder, so that every match is known. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./lab";
import { notebook } from "./notebook";

/** A module of ours as a cell: without `export`, which a notebook does not need. */
function asCell(path: string): string {
  return readFileSync(join(repository, path), "utf8").replace(/^export /gm, "");
}

export const VIEW_CELL = `import { comms, display, view } from "fovea";

const { source, target } = syntheticPair();
const matches = await view.correspondence(source, target, syntheticEncoder, {
  keypoints: syntheticKeypoints(),
  title: "Mirrored colours",
});
matches`;

export const PLOT_CELL = `view.plotly(
  [{ type: "scatter", mode: "lines+markers", name: "synthetic", x: [0, 1, 2], y: [20, 60, 100] },
   { type: "bar", name: "control", x: [0, 1, 2], y: [12, 14, 13] }],
  { title: { text: "PCK by layer" }, xaxis: { title: { text: "layer" } }, yaxis: { title: { text: "PCK@0.1, %" } } },
)`;

/** The file that a test writes when the first view is connected. */
export const CONNECTED = "connected";

/** A kernel side that breaks the protocol, and a second output of the same view that meets it. */
export const BROKEN_COMM_CELL = `import { existsSync } from "node:fs";
while (!existsSync("${CONNECTED}")) await new Promise((resolve) => setTimeout(resolve, 20));
comms.register("fovea.view", (comm) => comm.send({ type: "features", layer: 0, image: 9 }));
display(matches)`;

/** An output whose payload breaks the format. */
export const BROKEN_PAYLOAD_CELL = `display({ "application/vnd.fovea.correspondence.v1+json": { version: 1, view: "x", layers: "none" }, "text/plain": "broken" })`;

export function fixtureNotebook(): object {
  return notebook([{ source: asCell("test/view/synthetic.ts") }, { source: VIEW_CELL }, { source: PLOT_CELL }]);
}

export function brokenNotebook(): object {
  return notebook(
    [asCell("test/view/synthetic.ts"), VIEW_CELL, BROKEN_COMM_CELL, BROKEN_PAYLOAD_CELL].map((source) => ({ source })),
  );
}
