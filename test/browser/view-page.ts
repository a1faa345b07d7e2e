/// <reference lib="dom" />
import type { Locator, Page } from "playwright-core";

/** A line of words in a view. */
export type ViewLine = "live" | "caption" | "status" | "warning" | "problem" | "scale";

/** A law or alignment view on the page. */
export class ViewPage {
  constructor(
    private readonly page: Page,
    readonly root: Locator,
  ) {}

  get stage(): Locator {
    return this.root.locator(".jp-FoveaView-stage");
  }

  line(name: ViewLine): Locator {
    return this.root.locator(`.jp-FoveaView-${name}`);
  }

  /** Waits for a line to say something; in failing, tells what it said instead. */
  async says(name: ViewLine, pattern: RegExp): Promise<void> {
    const line = this.line(name);
    await line
      .filter({ hasText: pattern })
      .waitFor()
      .catch(async () => {
        throw new Error(`${name} should match ${pattern}, but says: ${await line.innerText()}`);
      });
  }

  /** Focuses the stage and presses keys. */
  async press(...keys: string[]): Promise<void> {
    await this.stage.focus();
    for (const key of keys) await this.page.keyboard.press(key);
  }

  /** Moves the real mouse to a point of an element, as fractions of its size. */
  async hover(target: Locator, x = 0.5, y = 0.5): Promise<void> {
    await target.scrollIntoViewIfNeeded();
    const box = await target.boundingBox();
    if (!box) throw new Error("the element is not on the page");
    await this.page.mouse.move(box.x + x * box.width - 3, box.y + y * box.height - 2);
    await this.page.mouse.move(box.x + x * box.width, box.y + y * box.height);
  }

  async leave(): Promise<void> {
    await this.page.mouse.move(5, 5);
  }

  field(label: string): Locator {
    return this.root.getByLabel(label, { exact: true });
  }
}
