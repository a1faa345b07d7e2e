/// <reference lib="dom" />
/** A viewer in a real browser without JupyterLab, with its kernel in this process or without one. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { type Comm, type CommMessage, installHost, type JSONValue, type SessionHost } from "../../kernel/display/host";
import { FakeComm } from "../view/fake-comm";
import { bundlePage } from "./bare-page";
import { openBrowser, repository } from "./lab";
import { SCREENSHOTS } from "./screenshot";
import { themeCss } from "./themes";
import { ViewPage } from "./view-page";

interface Window {
  show(plugin: string, bundle: object): Promise<void>;
  fromKernel(data: object, buffers: number[][]): void;
}

/** Pages that show one viewer. */
export class BareViews {
  /** Uncaught errors of the pages. */
  readonly errors: string[] = [];
  /** False: nobody answers the views, as in a notebook without a kernel. */
  isServed = true;
  private page: Page | undefined;
  private accept: ((comm: Comm, open: CommMessage) => void) | undefined;

  private constructor(
    private readonly browser: Browser,
    private readonly scratch: string,
  ) {
    installHost({
      registerCommTarget: (_: string, handler: BareViews["accept"]) => (this.accept = handler),
    } as unknown as SessionHost);
  }

  static async start(): Promise<BareViews> {
    const scratch = mkdtempSync(join(tmpdir(), "fovea-bare-"));
    for (const part of ["kernel", "extension", "style", "node_modules"])
      symlinkSync(join(repository, part), join(scratch, part));
    copyFileSync(join(import.meta.dirname, "hello-viewer", "page.ts"), join(scratch, "page.ts"));
    await bundlePage(scratch, "page.ts", scratch);
    mkdirSync(SCREENSHOTS, { recursive: true });
    return new BareViews(await openBrowser(), scratch);
  }

  async close(): Promise<void> {
    await this.browser.close();
    rmSync(this.scratch, { recursive: true, force: true });
  }

  /** Opens a fresh page with the output of a plugin. @param width of the page in CSS pixels */
  async show(
    plugin: string,
    bundle: object,
    { theme = "light", width = 1000, root }: { theme?: string; width?: number; root: string },
  ): Promise<{ page: Page; view: ViewPage }> {
    await this.page?.close();
    const page = (this.page = await this.browser.newPage({ viewport: { width, height: 1200 } }));
    page.setDefaultTimeout(20_000);
    page.on("pageerror", (error) => this.errors.push(String(error)));
    const comm = new FakeComm(
      ({ data, buffers }) =>
        void page
          .evaluate(([one, bytes]) => (window as never as Window).fromKernel(one, bytes), [
            data,
            buffers.map((buffer) => [...buffer]),
          ] as [object, number[][]])
          // The page may be closed before the last answer comes.
          .catch(() => undefined),
    );
    await page.exposeFunction("toKernel", (kind: string, data: JSONValue) => {
      if (!this.isServed) return;
      if (kind === "open") this.accept?.(comm, { data, metadata: {}, buffers: [] });
      else comm.receive(data);
    });
    await page.goto(String(pathToFileURL(join(this.scratch, "page.html"))));
    await page.addStyleTag({ content: themeCss(theme) });
    await page.evaluate(([name, one]) => (window as never as Window).show(name, one), [plugin, bundle] as [
      string,
      object,
    ]);
    return { page, view: new ViewPage(page, page.locator(root)) };
  }
}

/** Takes a picture of a page to be looked at. */
export async function picture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
}
