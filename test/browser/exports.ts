/// <reference lib="dom" />
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { SCREENSHOTS } from "./screenshot";

/** Presses a view's export button and reads the file that the browser saves, which is kept to be looked at. */
export async function exported(page: Page, view: Locator, format: "PNG" | "SVG" | "JSON"): Promise<Buffer> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    view.getByRole("button", { name: format, exact: true }).click(),
  ]);
  assert.equal(download.suggestedFilename().split(".").pop(), format.toLowerCase());
  const kept = join(SCREENSHOTS, `export-${download.suggestedFilename()}`);
  await download.saveAs(kept);
  return readFileSync(kept);
}

/** Width and height of a PNG file. */
export function pngSize(file: Buffer): [width: number, height: number] {
  assert.equal(file.toString("latin1", 1, 4), "PNG");
  return [file.readUInt32BE(16), file.readUInt32BE(20)];
}

function isSeenAndFocused(node: Element): boolean {
  const { left, top, bottom } = node.getBoundingClientRect();
  const hit = document.elementFromPoint(left + 5, Math.min(bottom - 5, top + 5));
  return node === document.activeElement && hit === node;
}

/** Presses the button for the code, reads it, and presses again. */
export async function exportedCode(view: Locator): Promise<string> {
  const button = view.getByRole("button", { name: "Code", exact: true });
  await button.click();
  const panel = view.locator(".jp-FoveaView-code");
  const code = await panel.inputValue();
  assert.ok(await panel.evaluate(isSeenAndFocused), "the code is in sight and has the focus");
  await view.locator(".jp-FoveaView-exportSaid").filter({ hasText: /\w/ }).waitFor();
  await button.click();
  await view.locator(".jp-FoveaView-code").waitFor({ state: "hidden" });
  return code;
}
