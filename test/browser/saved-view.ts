/// <reference lib="dom" />
/** The saved view of tutorial 00 in any host, and the answer that each of them gives at the same place of the picture. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Locator } from "playwright-core";
import { write } from "../../kernel/publish";
import { repository } from "./lab";

export const NAME = "00-start.ipynb";
export const NOTEBOOK = join(repository, "notebooks", NAME);
export const MIME = "application/vnd.fovea.correspondence.v1+json";
export const ROOT = ".jp-FoveaCorrespondence";

/** The data of the saved view, and its still picture. */
export function savedView(): { data: object; still: string } {
  const { cells } = JSON.parse(readFileSync(NOTEBOOK, "utf8")) as {
    cells: { outputs?: { data?: Record<string, string | string[] | object> }[] }[];
  };
  const bundle = cells.flatMap(({ outputs = [] }) => outputs).find(({ data }) => data?.[MIME])?.data;
  assert.ok(bundle);
  return { data: bundle[MIME] as object, still: [bundle["image/png"]].flat().join("").replace(/\s/g, "") };
}

/** Hovers the eye of the left bird, and returns the words of the view. */
export async function answer(root: Locator): Promise<string> {
  const canvas = root.locator("canvas").first();
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox();
  assert.ok(box);
  for (const x of [0.9, 5.5 / 16]) await canvas.hover({ position: { x: x * box.width, y: (3.5 / 16) * box.height } });
  const line = root.locator(".jp-FoveaView-live").filter({ hasText: /^Row 4, column 6\./ });
  return line.innerText();
}

/** Publishes the notebook as one page into a folder, and returns the answer there. */
export async function publishedAnswer(browser: Browser, folder: string): Promise<string> {
  const published = join(folder, "page.html");
  await write(NOTEBOOK, { output: published });
  const page = await browser.newPage({ viewport: { width: 1100, height: 1000 } });
  await page.goto(String(pathToFileURL(published)));
  const expected = await answer(page.locator(ROOT));
  assert.match(expected, /^Row 4, column 6\. Best match row \d+, column \d+, similarity 0\.\d+\./);
  await page.close();
  return expected;
}
