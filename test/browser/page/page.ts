/** A page with a kernel, served from a sub-path of a plain host, and what tests do with it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import type { Executed, Output } from "../../../kernel/browser/outputs.ts";
import { openBrowser } from "../lab.ts";
import { buildBrowser } from "../../../binder/browser.mjs";
import { serveFolders, type StaticHost } from "./static-host.ts";

/** Place of the built files on the host: below the page, which is not at its root. */
export const PLACE = "/docs/fovea/";

export interface KernelPage {
  host: StaticHost;
  browser: Browser;
  page: Page;
  close(): Promise<void>;
}

/** Builds the files into a new folder and serves them. */
export async function buildHost(): Promise<{ host: StaticHost; remove(): void }> {
  const folder = mkdtempSync(join(tmpdir(), "fovea-page-"));
  const built = await buildBrowser(join(folder, "files"));
  const host = await serveFolders({ [PLACE]: `${built}/` });
  return {
    host,
    remove: () => {
      host.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A page without a kernel yet, in a browser with further arguments. */
export async function openKernelPage(more: readonly string[] = []): Promise<KernelPage> {
  const { host, remove } = await buildHost();
  const browser = await openBrowser(more);
  const page = await openPage(await browser.newContext(), host);
  return {
    host,
    browser,
    page,
    close: async () => {
      await browser.close();
      remove();
    },
  };
}

/** @param context what the page shares its cache with */
export async function openPage(context: BrowserContext, host: StaticHost): Promise<Page> {
  const page = await context.newPage();
  page.setDefaultTimeout(0);
  await page.goto(`${host.url}/docs/`);
  return page;
}

/** Starts a kernel in the page as `globalThis.kernel`. Returns the message of what failed, or "". */
export function startKernel(page: Page): Promise<string> {
  return page.evaluate(`import("./fovea/client.js")
    .then(async ({ start }) => { globalThis.kernel = await start({ base: "./fovea/" }); return ""; })
    .catch((error) => error.message)`);
}

/** A sum of all levels that depends on their order; the code of a function that a cell can hold too. */
export const CHECKSUM = "(levels) => levels.reduce((sum, level, i) => (sum * 31 + level * (i + 1)) % 1000003, 7)";

/** Runs a cell to its end. */
export function run(page: Page, code: string): Promise<Executed> {
  return page.evaluate(`kernel.execute(${JSON.stringify(code)})`);
}

/** Outputs as a reader sees them, as text. */
export function textOf(outputs: readonly Output[]): string {
  return outputs.map(textOfOne).join("\n");
}

function textOfOne(output: Output): string {
  if (output.output_type === "stream") return output.text;
  return output.output_type === "error" ? `${output.ename}: ${output.evalue}` : String(output.data["text/plain"]);
}
