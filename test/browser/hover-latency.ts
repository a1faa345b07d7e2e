/// <reference lib="dom" />
/**
 * Cost of a hover in a real JupyterLab: the script of the event, the query, the drawing and the text, without waiting for the
 * screen's next frame.
 * Prints JSON; `node --import tsx test/browser/hover-latency.ts`.
 */
import { pathToFileURL } from "node:url";
import { correspondence } from "../../kernel/view/correspondence";
import { CORRESPONDENCE_MIME, readCorrespondence } from "../../kernel/protocol";
import type { FeatureExtractor } from "../../kernel/view/extract";
import { syntheticPair } from "../view/synthetic";
import { openBrowser, startLab } from "./lab";
import { LabPage, type Viewer } from "./lab-page";
import { notebook, savedOutput } from "./notebook";

export interface HoverLatency {
  patches: number;
  dimensions: number;
  hovers: number;
  /** Milliseconds of script for one hover. */
  medianMs: number;
  p95Ms: number;
}

/** Features of a size, without meaning: latency depends on the size alone. */
export function sizedEncoder(side: number, channels: number): FeatureExtractor {
  const data = Float32Array.from(
    { length: side * side * channels },
    (_, i) => Math.sin(i * 12.9898) * Math.cos(i * 0.37),
  );
  const map = { data, dims: [1, side * side, channels], grid: [side, side] as const, channels, layer: 0 };
  return { name: "sized", device: "cpu", forwardIntermediates: async () => ({ intermediates: [map] }) };
}

/** Measures hovers over a saved view, which answers exactly as a live one does. */
export async function measureHover(side = 16, channels = 64, hovers = 200): Promise<HoverLatency> {
  const { source, target } = syntheticPair();
  const view = await correspondence(source, target, sizedEncoder(side, channels), { savedDimensions: channels });
  const { reduced } = readCorrespondence(view.bundle[CORRESPONDENCE_MIME]).layers[0];
  const dimensions = reduced?.[0].dims ?? 0;
  const file = notebook([{ source: "", outputs: [savedOutput(view.bundle)] }]);
  const [lab, browser] = await Promise.all([
    startLab({ files: { "hover.ipynb": file }, kernels: false }),
    openBrowser(),
  ]);
  try {
    const page = await LabPage.open(browser, lab, "hover.ipynb");
    await page.withoutKernel();
    await page.viewer().ready();
    const times = await timeHovers(page.viewer(), hovers);
    return {
      patches: side * side,
      dimensions,
      hovers,
      medianMs: quantile(times, 0.5),
      p95Ms: quantile(times, 0.95),
    };
  } finally {
    await browser.close();
    await lab.close();
  }
}

/**
 * The viewer answers in the frame after the event. Callbacks of a frame run in the order in which they were asked for, so one
 * before and one after the event enclose its work.
 */
function timeHovers(viewer: Viewer, hovers: number): Promise<number[]> {
  return viewer.canvas(0).evaluate(async (canvas, count) => {
    const box = canvas.getBoundingClientRect();
    const times: number[] = [];
    for (let i = 0; i < count; i++) {
      const clientX = box.left + box.width * (0.05 + 0.9 * ((i * 0.618) % 1));
      const clientY = box.top + box.height * (0.05 + 0.9 * ((i * 0.414) % 1));
      await new Promise<void>((done) => {
        let began = 0;
        requestAnimationFrame(() => (began = performance.now()));
        const start = performance.now();
        canvas.dispatchEvent(new PointerEvent("pointermove", { clientX, clientY, bubbles: true }));
        const handled = performance.now() - start;
        requestAnimationFrame(() => {
          times.push(handled + performance.now() - began);
          done();
        });
      });
    }
    return times;
  }, hovers);
}

function quantile(times: number[], part: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return Number(sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))].toFixed(3));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  void measureHover().then((latency) => console.log(JSON.stringify(latency, null, 2)));
}
