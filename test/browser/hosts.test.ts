/// <reference lib="dom" />
/** One saved view in each of its hosts: the same place of the picture has the same answer. The site and JupyterLite: `lite.test.ts`. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { buildViewers } from "../../binder/viewers.mjs";
import { buildRenderer } from "../../binder/vscode.mjs";
import { serveFolders, type StaticHost } from "./page/static-host";
import { LIMIT, openBrowser, PATIENCE, repository, startLab, type Lab } from "./lab";
import { LabPage } from "./lab-page";
import { cutOff } from "./network";
import { answer, MIME, NAME, NOTEBOOK, publishedAnswer, ROOT, savedView } from "./saved-view";
import { SCREENSHOTS } from "./screenshot";

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
      "/vscode/": folder,
    });
    await buildRenderer(join(folder, "renderer.js"));
    expected = await publishedAnswer(browser, folder);
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

  it("answers the same in Notebook 7", async () => {
    // Notebook's own page throws where commands of JupyterLab's file browser are missing.
    const page = await browser.newPage({ viewport: { width: 1100, height: 1000 } });
    page.setDefaultTimeout(PATIENCE);
    await page.goto(`${lab.url}/notebooks/${NAME}?token=${lab.token}`);
    await page.locator(".jp-Dialog button.jp-mod-reject").click();
    assert.equal(await answer(page.locator(ROOT)), expected);
    await page.close();
  });

  it("answers the same in VS Code's page of renderers, in its theme, and goes when it is told", async () => {
    const page = await open(`${host.url}/`);
    const call = `play("/vscode/renderer.js", ${JSON.stringify(MIME)}, ${JSON.stringify(data)})`;
    await page.evaluate(`import("/host/vscode.mjs").then(({ play }) => ${call})`);
    const view = page.locator(ROOT);
    assert.equal(await answer(view), expected);
    const paper = (): Promise<string> =>
      view.evaluate((node) => getComputedStyle(node.parentElement as Element).backgroundColor);
    assert.equal(await paper(), "rgb(0, 0, 0)");
    await page.screenshot({ path: join(SCREENSHOTS, "vscode-dark.png"), timeout: 120_000 });
    await page.evaluate('host.setTheme("light")');
    assert.equal(await paper(), "rgb(255, 255, 255)");
    await page.evaluate('host.renderer.disposeOutputItem("1")');
    assert.equal(await view.count(), 0);
    await page.evaluate(
      `host.renderer.renderOutputItem({ id: "2", mime: ${JSON.stringify(MIME)}, json: () => 7 }, host.el)`,
    );
    await page.locator(".jp-Fovea-error", { hasText: "This view cannot be opened" }).waitFor();
    await page.close();
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

  /** Writes the notebook as a page of nbconvert, in a Python that finds our package as it is installed. */
  function convert(exporter: string, ...options: string[]): string {
    const python = join(process.env.FOVEA_PREFIX ?? join(repository, ".venv"), "bin", "python");
    const packages = join(folder, "packages");
    const facts = join(packages, "jupyterlab_fovea_of_tree-0.dist-info");
    mkdirSync(facts, { recursive: true });
    const section = /^\[project\.entry-points\."nbconvert\.exporters"\]\n([^[]*)/m;
    const [, exporters] = section.exec(readFileSync(join(repository, "pyproject.toml"), "utf8")) ?? [];
    assert.ok(exporters);
    writeFileSync(join(facts, "METADATA"), "Metadata-Version: 2.1\nName: jupyterlab-fovea-of-tree\nVersion: 0\n");
    writeFileSync(join(facts, "entry_points.txt"), `[nbconvert.exporters]\n${exporters.replaceAll('"', "")}`);
    const output = `${exporter}.html`;
    const args = [
      "-m",
      "nbconvert",
      "--to",
      exporter,
      "--output-dir",
      folder,
      "--output",
      output,
      ...options,
      NOTEBOOK,
    ];
    const path = [packages, join(repository, "kernel", "python")].join(delimiter);
    execFileSync(python, args, {
      stdio: "pipe",
      env: { ...process.env, PYTHONPATH: path, PYTHONDONTWRITEBYTECODE: "1" },
    });
    return join(folder, output);
  }

  for (const template of ["lab", "classic", "basic"])
    it(`answers the same in a page of nbconvert, in its template ${template}`, async () => {
      const html = convert("fovea", "--template", template);
      const page = await browser.newPage({ viewport: { width: 1100, height: 1000 } });
      page.on("pageerror", (error) => problems.push(String(error)));
      // The templates name programs for formulas and widgets at other hosts.
      await cutOff(page.context(), "file:", ["data:", "blob:"]);
      await page.goto(String(pathToFileURL(html)));
      const view = page.locator(ROOT);
      assert.equal(await answer(view), expected);
      await page.screenshot({ path: join(SCREENSHOTS, `nbconvert-${template}.png`), timeout: 120_000 });
      const paper = await view.evaluate((node) => getComputedStyle(node).getPropertyValue("--jp-layout-color1"));
      assert.notEqual(paper, "", "it has colors");
      await page.close();
    });

  it("stays its still picture where nbconvert sanitizes", () => {
    const html = readFileSync(convert("fovea", "--HTMLExporter.sanitize_html=True"), "utf8");
    assert.doesNotMatch(html, /data-mime="application\/vnd\.fovea/);
    assert.match(html, /<img[^>]*src="data:image\/png;base64,/);
  });

  it("is its still picture in a plain page of nbconvert", async () => {
    const html = readFileSync(convert("html"), "utf8");
    const pictures = [...html.matchAll(/<img[^>]*src="data:image\/png;base64,([^"]*)"/g)];
    assert.ok(
      pictures.some(([, picture]) => picture.replace(/\s/g, "") === still),
      "the view's own picture",
    );
  });

  it("breaks no page", () => assert.deepEqual(problems, []));
});
