/// <reference lib="dom" />
/** The states that a pointer and a keyboard bring a control into, each of them looked at by axe. */
import type { Locator, Page } from "playwright-core";
import { contrastViolations } from "./axe";

/** Native controls of a view, and what of it is worked by pointer and by the keys of the stage. */
const CONTROLS = [
  ".jp-FoveaView-controls :is(button, select, input)",
  ".jp-FoveaCorrespondence-tiles button",
  ".jp-FoveaLaw-names li",
  ".jp-FoveaAlignment-chip",
  ".jp-FoveaAttention-head",
  ".jp-FoveaGallery-neighbors li",
  ".jp-FoveaGrounding-chip",
  ".jp-FoveaReview-item",
  ".jp-FoveaOverview :is(button, input)",
].join(", ");

/** Marks parts that were hidden from screen readers, and are again when the looking is over. */
const SHOWN = "data-shown-to-axe";

/** Number of items tried of a list of like ones. */
const LIKE = 3;

/**
 * Hovers, focuses and presses each control of a view and asks axe in every state; one line a violation, with the state. Toggles are
 * pressed for good, looked at under the pointer, and pressed again; a button that acts is only held down.
 */
export async function stateViolations(page: Page, root: Locator): Promise<string[]> {
  const found: string[] = [];
  const known = new Map<string, string[]>();
  for (const control of await controlsOf(root)) {
    const name = await control.evaluate((node) => node.textContent?.slice(0, 30) || node.tagName);
    const look = async (state: string): Promise<void> => {
      for (const violation of await violationsOf(control, known)) found.push(`${name}, ${state}: ${violation}`);
    };
    await tryStates(page, control, look);
  }
  await root.locator(`[${SHOWN}]`).evaluateAll((nodes, mark) => {
    for (const node of nodes) {
      node.removeAttribute(mark);
      node.setAttribute("aria-hidden", "true");
    }
  }, SHOWN);
  return found;
}

/** Violations of a control as it looks now. Axe is asked once for every look: its answer follows from the look alone. */
async function violationsOf(control: Locator, known: Map<string, string[]>): Promise<string[]> {
  const look = await control.evaluate(lookOf);
  let violations = known.get(look);
  if (!violations) known.set(look, (violations = await contrastViolations(control)));
  return violations;
}

/**
 * All that the contrast of a control's texts follows from: ink, size, weight, shadow and opacity of every part that has text itself,
 * and the papers below it, up to the root of the page. Whether there is text counts, not what it says.
 */
function lookOf(control: Element): string {
  const looks = [control, ...Array.from(control.querySelectorAll("*"))].map((part) => {
    const papers: string[] = [];
    for (let node: Element | null = part; node; node = node.parentElement) {
      const { backgroundColor, backgroundImage, opacity, filter, mixBlendMode } = getComputedStyle(node);
      papers.push(backgroundColor, backgroundImage, opacity, filter, mixBlendMode);
    }
    const { color, fontSize, fontWeight, textShadow, visibility, display } = getComputedStyle(part);
    const texts = Array.from(part.childNodes).filter((node) => node.nodeType === Node.TEXT_NODE);
    const hasText = texts.some((node) => node.textContent?.trim());
    const ink = [color, fontSize, fontWeight, textShadow, visibility, display];
    return [part.tagName, part.matches(":disabled"), hasText, ...ink, ...papers].join("|");
  });
  return Array.from(new Set(looks)).join("\n");
}

async function controlsOf(root: Locator): Promise<Locator[]> {
  // The lists that stand for a table are hidden from screen readers, and axe passes over them; people see them.
  await root.locator("[aria-hidden]:is(ol, div)").evaluateAll((nodes, mark) => {
    for (const node of nodes) {
      node.removeAttribute("aria-hidden");
      node.setAttribute(mark, "");
    }
  }, SHOWN);
  const all = await root.locator(CONTROLS).filter({ visible: true }).all();
  const items = await Promise.all(all.map((one) => one.evaluate((node) => !node.matches("button, select, input"))));
  const like = all.filter((_, i) => items[i]).slice(0, LIKE);
  return [...all.filter((_, i) => !items[i]), ...like];
}

async function tryStates(page: Page, control: Locator, look: (state: string) => Promise<void>): Promise<void> {
  const away = (): Promise<void> => page.mouse.move(2, 2);
  await over(page, control);
  await look("hovered");
  if (!(await control.isEnabled())) return away();
  await control.evaluate((node) => (node as HTMLElement).focus());
  await look("hovered and focused");
  if (await isToggle(control)) await pressTwice(page, control, look);
  else if (await control.evaluate((node) => node instanceof HTMLButtonElement)) {
    await page.mouse.down();
    await look("held");
    // Let go elsewhere: the button does not act.
    await away();
    await page.mouse.up();
  }
  await away();
}

async function pressTwice(page: Page, control: Locator, look: (state: string) => Promise<void>): Promise<void> {
  for (const state of ["pressed", "pressed again"]) {
    await page.mouse.down();
    await page.mouse.up();
    await settled(page);
    await over(page, control);
    await look(`${state}, hovered`);
  }
}

/** Brings the real pointer onto a control, wherever the last press moved it. */
async function over(page: Page, control: Locator): Promise<void> {
  await control.scrollIntoViewIfNeeded();
  const box = await control.boundingBox();
  if (!box) throw new Error("the control is not on the page");
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
}

function isToggle(control: Locator): Promise<boolean> {
  return control.evaluate((node) =>
    node.matches("[aria-pressed], [aria-expanded], .jp-FoveaLaw-names li, .jp-FoveaAlignment-chip"),
  );
}

/** Two frames: one that draws, one that has been shown. */
function settled(page: Page): Promise<unknown> {
  return page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}
