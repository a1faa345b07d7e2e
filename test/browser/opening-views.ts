/// <reference lib="dom" />
/**
 * Time to open a saved notebook with views in a real JupyterLab: from the first frame with a cell of it until every view answers the
 * reader. Beside it, the same notebook with the views' pictures alone. Prints JSON; `node --import tsx test/browser/opening-views.ts`.
 */
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { correspondence } from "../../kernel/view/correspondence";
import { syntheticPair } from "../view/synthetic";
import { sizedEncoder } from "./hover-latency";
import { openBrowser, PATIENCE, startLab, type Lab } from "./lab";
import { notebook, savedOutput } from "./notebook";

export interface Opening {
  views: number;
  /** Milliseconds from the first frame with a cell until all views answer, median. */
  viewsMs: number;
  /** Milliseconds until all pictures are shown, median. */
  picturesMs: number;
}

/** A place of the page that says something once its view answers, and a picture. */
const LIVE = ".jp-NotebookPanel .jp-FoveaView-live";
const PICTURE = ".jp-NotebookPanel .jp-RenderedImage img";
/** High enough for all outputs: JupyterLab draws only what is on the screen. */
const SCREEN = { width: 1280, height: 9000 };

/** Opens notebooks of so many outputs by turns. */
export async function measureOpening(views = 10, rounds = 5): Promise<Opening> {
  const { source, target } = syntheticPair();
  const { bundle } = await correspondence(source, target, sizedEncoder(16, 64), { savedDimensions: 64 });
  const file = (output: object): object =>
    notebook(Array.from({ length: views }, () => ({ source: "", outputs: [savedOutput(output)] })));
  const files = { "views.ipynb": file(bundle), "pictures.ipynb": file({ "image/png": bundle["image/png"] }) };
  const [lab, browser] = await Promise.all([startLab({ files, kernels: false }), openBrowser()]);
  const times: { viewsMs: number[]; picturesMs: number[] } = { viewsMs: [], picturesMs: [] };
  try {
    for (let round = 0; round < rounds; round++) {
      times.viewsMs.push(await opened(browser, lab, "views.ipynb", LIVE, views));
      times.picturesMs.push(await opened(browser, lab, "pictures.ipynb", PICTURE, views));
    }
    return { views, viewsMs: median(times.viewsMs), picturesMs: median(times.picturesMs) };
  } finally {
    await browser.close();
    await lab.close();
  }
}

/** Opens a notebook in a fresh profile. Returns the milliseconds from its first cell until so many places are filled. */
async function opened(browser: Browser, lab: Lab, name: string, place: string, count: number): Promise<number> {
  const context = await browser.newContext({ viewport: SCREEN });
  const page = await context.newPage();
  await page.addInitScript(watchFrames, { place, count });
  await page.goto(`${lab.url}/lab/tree/${name}?token=${lab.token}&reset`);
  const found = await page.waitForFunction(() => (window as Watched).foveaOpened, undefined, { timeout: PATIENCE });
  const ms = (await found.jsonValue())!;
  await context.close();
  return ms;
}

type Watched = typeof window & { foveaOpened?: number; foveaLook?: () => void };

/** Looks in every frame of the page. No function in it has a name: the loader of this file marks those by a function of its own. */
function watchFrames({ place, count }: { place: string; count: number }): void {
  let drawn: number | undefined;
  (window as Watched).foveaLook = () => {
    if (document.querySelector(".jp-NotebookPanel .jp-Cell")) drawn ??= performance.now();
    const filled = Array.from(document.querySelectorAll(place)).filter((element) =>
      element instanceof HTMLImageElement
        ? element.complete && element.naturalWidth > 0
        : /\w/.test(element.textContent ?? ""),
    );
    if (drawn !== undefined && filled.length >= count) (window as Watched).foveaOpened = performance.now() - drawn;
    else requestAnimationFrame((window as Watched).foveaLook!);
  };
  requestAnimationFrame((window as Watched).foveaLook!);
}

function median(values: number[]): number {
  return Math.round([...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  void measureOpening().then((opening) => console.log(JSON.stringify(opening, null, 2)));
}
