/// <reference lib="dom" />
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Locator, Page } from "playwright-core";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Axe {
  run(
    where: { include: Node[] },
    options: object,
  ): Promise<{ violations: { id: string; help: string; nodes: { html: string }[] }[] }>;
}

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Findings of axe below a selector against WCAG 2.2 A and AA, one line each. */
export async function axeViolations(page: Page, selector: string): Promise<string[]> {
  return run(page.locator(selector), { type: "tag", values: TAGS });
}

/** Tests the contrast of one element's text with the pixels under it, as it is on screen now. */
export async function contrastViolations(element: Locator): Promise<string[]> {
  return run(element, { type: "rule", values: ["color-contrast"] });
}

async function run(elements: Locator, runOnly: object): Promise<string[]> {
  const page = elements.page();
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axeSource);
  return elements.evaluateAll(async (nodes, only) => {
    const { axe } = window as unknown as { axe: Axe };
    const { violations } = await axe.run({ include: nodes }, { runOnly: only });
    return violations.flatMap(({ id, help, nodes: found }) =>
      found.map((one) => `${id}: ${help}: ${one.html.slice(0, 200)}`),
    );
  }, runOnly);
}
