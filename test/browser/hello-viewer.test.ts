/// <reference lib="dom" />
/**
 * A viewer made by the recipe of CONTRIBUTING: its folders and lines are added to a copy of the sources, bundled, and shown in a real
 * browser with the kernel's half in this process. JupyterLab itself is left out: building it would take minutes.
 */
import assert from "node:assert/strict";
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { installHost, type CommMessage, type Comm, type JSONValue, type SessionHost } from "../../kernel/display/host";
import { FakeComm, type Sent } from "../view/fake-comm";
import { bundlePage } from "./bare-page";
import { openBrowser, repository } from "./lab";

/** The lines that the recipe adds to the registries. */
const LINES: Record<string, string> = {
  "kernel/protocol/index.ts": 'export * from "./hello";\n',
  "kernel/view/index.ts": 'export { hello } from "./hello";\n',
  "extension/src/viewers/index.ts": 'export { helloPlugin } from "../hello";\n',
  "style/index.css": '@import url("./hello.css");\n',
};

/** The sources with the new viewer in them. */
function sourcesWithHello(): string {
  const scratch = mkdtempSync(join(tmpdir(), "fovea-hello-"));
  const source = (path: string): boolean => !/[\\/](node_modules|dist|lib|labextension|zoo)$/.test(path);
  for (const part of ["kernel", "extension/src", "style"])
    cpSync(join(repository, part), join(scratch, part), { recursive: true, filter: source });
  symlinkSync(join(repository, "node_modules"), join(scratch, "node_modules"));
  cpSync(join(import.meta.dirname, "hello-viewer"), scratch, { recursive: true });
  for (const [file, line] of Object.entries(LINES)) appendFileSync(join(scratch, file), line);
  return scratch;
}

interface Window {
  show(plugin: string, bundle: object): Promise<void>;
  fromKernel(data: object): void;
}

describe("a viewer made by the recipe", () => {
  const errors: string[] = [];
  let scratch = "";
  let browser: Browser;
  let page: Page;
  let accept: (comm: Comm, open: CommMessage) => void;

  before(async () => {
    scratch = sourcesWithHello();
    await bundlePage(scratch, "page.ts", scratch);
    installHost({
      registerCommTarget: (_: string, handler: typeof accept) => (accept = handler),
    } as unknown as SessionHost);
    browser = await openBrowser();
    page = await browser.newPage();
    page.on("pageerror", (error) => errors.push(String(error)));
    const comm = new FakeComm(
      (sent: Sent) => void page.evaluate((data) => (window as never as Window).fromKernel(data), sent.data as object),
    );
    await page.exposeFunction("toKernel", (kind: string, data: JSONValue) =>
      kind === "open" ? accept(comm, { data, metadata: {}, buffers: [] }) : comm.receive(data),
    );
    await page.goto(String(pathToFileURL(join(scratch, "page.html"))));
  });

  after(async () => {
    await browser?.close();
    rmSync(scratch, { recursive: true, force: true });
  });

  it("shows itself in the browser, and asks its kernel by key and by button", { timeout: 120_000 }, async () => {
    const { hello } = (await import(String(pathToFileURL(join(scratch, "kernel/view/index.ts"))))) as {
      hello(name: string): { bundle: object };
    };
    await page.evaluate((shown) => (window as never as Window).show("hello", shown), hello("World").bundle);
    const says = (words: string): Promise<void> => page.locator(".jp-FoveaView-live", { hasText: words }).waitFor();
    await says("Hello, World!");
    await page.locator(".jp-FoveaHello-stage").press("g");
    await says("Hello for the 1. time, World!");
    const button = page.getByRole("button", { name: "Greet" });
    assert.equal(await button.getAttribute("title"), "Greet again (g)");
    await button.click();
    await says("Hello for the 2. time, World!");
    const size = await page.locator(".jp-FoveaHello-stage").evaluate((stage) => getComputedStyle(stage).fontSize);
    assert.equal(size, "32px", "its own style file is there");
    assert.deepEqual(errors, []);
  });

  it("is made of the files that the recipe lists", () => {
    const recipe = readFileSync(join(repository, "CONTRIBUTING.md"), "utf8");
    const listed = Object.keys(LINES).filter((file) => !recipe.includes(`\`${file}\``));
    assert.deepEqual(listed, []);
  });
});
