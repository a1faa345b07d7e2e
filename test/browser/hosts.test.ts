/// <reference lib="dom" />
/** One saved view in each of its hosts: the same place of the picture has the same answer. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser, Locator, Page } from "playwright-core";
import { buildViewers } from "../../binder/viewers.mjs";
import { write } from "../../kernel/publish";
import { serveFolders, type StaticHost } from "./page/static-host";
import { LIMIT, openBrowser, repository, startLab, type Lab } from "./lab";
import { LabPage } from "./lab-page";
import { SCREENSHOTS } from "./screenshot";

const NAME = "00-start.ipynb";
const NOTEBOOK = join(repository, "notebooks", NAME);
const MIME = "application/vnd.fovea.correspondence.v1+json";
const ROOT = ".jp-FoveaCorrespondence";

/** The saved view, and its still picture. */
function savedView(): { data: object; still: string } {
  const { cells } = JSON.parse(readFileSync(NOTEBOOK, "utf8")) as {
    cells: { outputs?: { data?: Record<string, string | string[] | object> }[] }[];
  };
  const bundle = cells.flatMap(({ outputs = [] }) => outputs).find(({ data }) => data?.[MIME])?.data;
  assert.ok(bundle);
  return { data: bundle[MIME] as object, still: [bundle["image/png"]].flat().join("").replace(/\s/g, "") };
}

describe("a saved view", { timeout: LIMIT }, () => {
  const { data, still } = savedView();
  const folder = mkdtempSync(join(tmpdir(), "fovea-hosts-"));
  const problems: string[] = [];
  let browser: Browser;
  let host: StaticHost;
  let lab: Lab;
  let expected = "";

  before(async () => {
    await buildViewers();
    browser = await openBrowser();
    host = await serveFolders({
      "/dist/": join(repository, "kernel", "page", "dist"),
      "/host/": join(import.meta.dirname, "widget-host"),
    });
    const published = join(folder, "page.html");
    await write(NOTEBOOK, { output: published });
    const page = await open(String(pathToFileURL(published)));
    expected = await answer(page.locator(ROOT));
    assert.match(expected, /^Row 4, column 6\. Best match row \d+, column \d+, similarity 0\.\d+\./);
    await page.close();
  });
  after(async () => {
    await browser?.close();
    await lab?.close();
    host?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(address: string): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 1100, height: 1000 } });
    page.setDefaultTimeout(60_000);
    page.on("pageerror", (error) => problems.push(String(error)));
    await page.goto(address);
    return page;
  }

  /** Hovers the eye of the left bird. */
  async function answer(root: Locator): Promise<string> {
    const canvas = root.locator("canvas").first();
    await canvas.scrollIntoViewIfNeeded();
    const box = await canvas.boundingBox();
    assert.ok(box);
    for (const x of [0.9, 5.5 / 16]) await canvas.hover({ position: { x: x * box.width, y: (3.5 / 16) * box.height } });
    const line = root.locator(".jp-FoveaView-live").filter({ hasText: /^Row 4, column 6\./ });
    return line.innerText();
  }

  async function widget(isShadow: boolean): Promise<Page> {
    const page = await open(`${host.url}/`);
    await page.evaluate(`import("/host/host.mjs").then(({ play }) => play(${JSON.stringify(data)}, ${isShadow}))`);
    return page;
  }

  it("answers the same in JupyterLab, without a kernel", async () => {
    lab = await startLab({ files: { [NAME]: readFileSync(NOTEBOOK, "utf8") }, kernels: false });
    const opened = await LabPage.open(browser, lab, NAME);
    await opened.withoutKernel();
    const viewer = opened.viewer();
    await viewer.ready();
    assert.equal(await answer(viewer.root), expected);
    await opened.close();
  });

  it("answers the same in a host of anywidget, shows new data, and goes when it is told", async () => {
    const page = await widget(false);
    assert.equal(await answer(page.locator(ROOT)), expected);
    assert.equal(await page.evaluate("typeof host.module.render"), "function", "as older hosts expect");
    await page.emulateMedia({ colorScheme: "dark" });
    await page.screenshot({ path: join(SCREENSHOTS, "anywidget-dark.png"), timeout: 120_000 });
    const set = (value: object): Promise<unknown> => page.evaluate(`host.model.set("data", ${JSON.stringify(value)})`);
    await set({ version: 7 });
    await page.locator(".jp-Fovea-error", { hasText: "This view cannot be opened" }).waitFor();
    await set({ ...data, title: "Another title" });
    await page.getByText("Another title").waitFor();
    await page.evaluate("host.close()");
    const left = await page.evaluate('[host.el.childElementCount, host.model.listeners.get("change:data").size]');
    assert.deepEqual(left, [0, 0]);
    await page.close();
  });

  it("answers the same in a shadow tree, where hosts of MyST's directive may put it", async () => {
    const page = await widget(true);
    assert.equal(await answer(page.locator(ROOT)), expected);
    assert.equal(
      await page.locator(ROOT).evaluate((view) => getComputedStyle(view).display),
      "flex",
      "the style sheet reaches it",
    );
    await page.close();
  });

  it("is its still picture in a page of nbconvert", async () => {
    const python = join(process.env.FOVEA_PREFIX ?? join(repository, ".venv"), "bin", "python");
    execFileSync(python, ["-m", "nbconvert", "--to", "html", "--output-dir", folder, NOTEBOOK], { stdio: "pipe" });
    const html = readFileSync(join(folder, NAME.replace(".ipynb", ".html")), "utf8");
    const pictures = [...html.matchAll(/<img[^>]*src="data:image\/png;base64,([^"]*)"/g)];
    assert.ok(
      pictures.some(([, picture]) => picture.replace(/\s/g, "") === still),
      "the view's own picture",
    );
  });

  it("breaks no page", () => assert.deepEqual(problems, []));
});
