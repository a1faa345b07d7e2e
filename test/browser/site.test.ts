/// <reference lib="dom" />
/** The site, served from below a path of a plain host and opened from disk, in a real browser that reaches nothing else. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { buildSite } from "../../binder/site.mjs";
import { buildViewers } from "../../binder/viewers.mjs";
import { MISSING, toldBy } from "./page/firefox";
import { serveFolders, type StaticHost } from "./page/static-host";
import { axeViolations } from "./axe";
import { openBrowser, repository } from "./lab";
import { cutOff } from "./network";
import { SCREENSHOTS } from "./screenshot";

const NOTEBOOKS = join(repository, "notebooks");
const names = readdirSync(NOTEBOOKS)
  .filter((name) => name.endsWith(".ipynb"))
  .map((name) => name.replace(/\.ipynb$/, ""));

/** Mime types of the outputs of a notebook. */
function outputsOf(name: string): string[] {
  const { cells } = JSON.parse(readFileSync(join(NOTEBOOKS, `${name}.ipynb`), "utf8")) as {
    cells: { outputs?: { data?: object }[] }[];
  };
  return cells.flatMap(({ outputs = [] }) => outputs).flatMap(({ data = {} }) => Object.keys(data));
}

/** Presses a cell's button once, and tells how its run ended. */
const TELLING = `
addEventListener("load", () => {
  if (!sessionStorage.getItem("pressed")) {
    sessionStorage.setItem("pressed", "yes");
    document.querySelectorAll(".cell:has(.code)")[2].querySelector(".code button").click();
  }
  const timer = setInterval(() => {
    const status = document.querySelector(".fovea-run [role=status]").textContent;
    if (!/^(Done|A cell failed|Cells cannot|The kernel)/.test(status)) return;
    clearInterval(timer);
    fetch("/told", { method: "POST", body: JSON.stringify([[status, crossOriginIsolated]]) });
  }, 200);
});
`;

describe("the site", { timeout: 900_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "fovea-site-"));
  const output = join(folder, "site");
  const problems: string[] = [];
  let elsewhere: string[] = [];
  let host: StaticHost;
  let browser: Browser;
  let context: BrowserContext;

  before(async () => {
    await buildViewers();
    if (!existsSync(join(repository, "kernel", "dist-browser", "client.js")))
      execFileSync(process.execPath, [join(repository, "binder", "browser.mjs")]);
    await buildSite({ output, repository: "owner/name", reference: false, lite: false });
    host = await serveFolders({ "/below/fovea/": output });
    browser = await openBrowser();
    context = await browser.newContext({ viewport: { width: 1300, height: 1200 } });
    context.setDefaultTimeout(60_000);
    elsewhere = await cutOff(context, host.url, ["data:", "blob:", "file:"]);
  });
  after(async () => {
    await browser?.close();
    host?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(address: string): Promise<Page> {
    const page = await context.newPage();
    page.on("pageerror", (error) => problems.push(`${address}: ${String(error)}`));
    page.on("console", (message) => message.type() === "error" && problems.push(`${address}: ${message.text()}`));
    await page.goto(address);
    return page;
  }
  const openTutorial = (name: string): Promise<Page> => open(`${host.url}/below/fovea/tutorials/${name}.html`);

  it("lists every tutorial, in both languages", async () => {
    const page = await open(`${host.url}/below/fovea/index.html`);
    const links = await page.locator(".fovea-cards a").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
    assert.deepEqual([...links].sort(), names.map((name) => `tutorials/${name}.html`).sort());
    const path = names.filter((name) => /^\d+-/.test(name) && !name.endsWith(".ja")).sort();
    assert.deepEqual(
      await page.locator(".fovea-list .fovea-number").allInnerTexts(),
      path.map((name) => name.slice(0, 2)),
      "the list shows the order of the path",
    );
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await axeViolations(page, "body"), [], colorScheme);
    }
    await page.screenshot({ path: join(SCREENSHOTS, "site-index.png"), timeout: 120_000 });
    await page.close();
  });

  for (const name of names)
    it(`shows the outputs of ${name}, and a view answers`, async () => {
      const mimes = outputsOf(name);
      const ours = mimes.filter((mime) => mime.startsWith("application/vnd.fovea.")).length;
      const figures = mimes.filter((mime) => mime.startsWith("application/vnd.plotly.")).length;
      const page = await openTutorial(name);
      await page.waitForFunction(
        ([views, plots]) =>
          document.querySelectorAll(".jp-FoveaView").length === views &&
          document.querySelectorAll(".jp-FoveaPlotly .main-svg").length >= plots,
        [ours, figures],
      );
      assert.equal(await page.locator(".jp-Fovea-error").count(), 0);
      if (ours > 0) await answers(page);
      await page.close();
    });

  it("finds words of both languages, and keeps the chosen theme", async () => {
    const page = await openTutorial("03-law-of-vision-representation");
    const search = page.getByRole("searchbox");
    await search.fill("leave-one-out");
    await page.locator(".fovea-found a").first().waitFor();
    await search.fill("エンコーダ");
    const found = page.locator(".fovea-found a").first();
    assert.match(String(await found.getAttribute("href")), /^\.\.\/tutorials\/.*\.ja\.html#/);
    await found.click();
    await page.waitForURL(/\.ja\.html#/);
    const paper = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const before = await paper();
    await page.locator(".fovea-tools > button").click();
    assert.notEqual(await paper(), before);
    const chosen = await paper();
    await page.reload();
    assert.equal(await paper(), chosen, "kept for the next page");
    await page.locator(".fovea-tools > button").click();
    await page.close();
  });

  it("offers the notebook and Binder", async () => {
    const page = await openTutorial("01-correspondence");
    assert.equal(await page.locator("a[download]").getAttribute("href"), "01-correspondence.ipynb");
    assert.ok(existsSync(join(output, "tutorials", "01-correspondence.ipynb")));
    assert.match(
      String(await page.getByText("Open on Binder").getAttribute("href")),
      /^https:\/\/mybinder\.org\/v2\/gh\/owner\/name\/HEAD\?urlpath=lab%2Ftree%2Fnotebooks%2F01-correspondence\.ipynb$/,
    );
    await page.close();
  });

  it("runs cells in the page, those above first, and their views live", async () => {
    const page = await openTutorial("00-start");
    const cells = page.locator(".cell:has(.code)");
    await page.locator(".outputs").evaluateAll((all) => all.forEach((place) => place.replaceChildren()));
    await cells.nth(2).locator(".code button").click();
    const status = page.locator(".fovea-run [role=status]");
    await status.filter({ hasText: /Done|failed/ }).waitFor({ timeout: 300_000 });
    assert.match(await status.innerText(), /^Done/);
    assert.equal(await page.evaluate(() => crossOriginIsolated), true, "a loop that never awaits can be stopped");
    assert.match(await cells.nth(1).locator(".outputs").innerText(), /numbers: \[5, 256, 128\]/);
    await answers(page);
    await page.screenshot({ path: join(SCREENSHOTS, "site-run.png"), timeout: 120_000 });
    await page.close();
  });

  it("isolates itself and runs cells in Firefox, too", { skip: MISSING }, async () => {
    const place = "/below/fovea/tutorials/";
    const page = readFileSync(join(output, "tutorials", "00-start.html"), "utf8");
    const told = await toldBy(host.url, {
      [`${place}00-start.html`]: page.replace("</head>", '<script src="told.js" defer></script></head>'),
      [`${place}told.js`]: TELLING,
    });
    assert.deepEqual(told, [["Done: these outputs were computed in your browser.", true]]);
  });

  it("copies a link to a view as it is, and opens one on that view in that state", async () => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    const page = await openTutorial("00-start");
    const view = page.locator(".jp-FoveaCorrespondence");
    const line = view.locator(".jp-FoveaView-live");
    await line.filter({ hasText: /^Row/ }).waitFor();
    await view.locator(".jp-FoveaView-stage").focus();
    for (const key of ["[", "ArrowDown", "ArrowRight"]) {
      // Each press is drawn at the next frame.
      const before = await line.innerText();
      await page.keyboard.press(key);
      await line.filter({ hasText: /^Row/, hasNotText: before }).waitFor();
    }
    const left = await line.innerText();
    await view.getByRole("button", { name: "Copy link" }).click();
    await view.getByText("Copied.").waitFor();
    await page.screenshot({ path: join(SCREENSHOTS, "site-link.png"), timeout: 120_000 });
    const link = await page.evaluate<string>("navigator.clipboard.readText()");
    assert.match(link, /\/tutorials\/00-start\.html#view=correspondence\.0\.[\w-]{10,200}$/);
    await page.close();
    const opened = await open(link);
    const again = opened.locator(".jp-FoveaCorrespondence .jp-FoveaView-live");
    await again.filter({ hasText: left }).waitFor();
    const isInSight = await again.evaluate((node) => node.getBoundingClientRect().top < innerHeight);
    assert.ok(isInSight, "the page stands at the view");
    await opened.close();
  });

  it("ignores a link that leads to nothing, in one sentence, and a state that does not fit", async () => {
    const code = (state: object): string => Buffer.from(JSON.stringify(state)).toString("base64url");
    const address = `${host.url}/below/fovea/tutorials/00-start.html`;
    const page = await open(`${address}#view=correspondence.9.${code({})}`);
    const problem = page.locator("#fovea-link-problem");
    await problem.filter({ hasText: "ignored: the page has no such view." }).waitFor();
    const goTo = (fragment: string): Promise<unknown> => page.evaluate(`location.hash = ${JSON.stringify(fragment)}`);
    await goTo("#view=correspondence.0.{}");
    await problem.filter({ hasText: "ignored: it has not the form of a link to a view." }).waitFor();
    const view = page.locator(".jp-FoveaCorrespondence");
    const before = await view.locator(".jp-FoveaView-live").innerText();
    await goTo(`#view=correspondence.0.${code({ layer: 99 })}`);
    await view.getByText("The state of the link is ignored: link: layer must be an integer in 0..").waitFor();
    assert.equal(await problem.count(), 0);
    assert.equal(await view.locator(".jp-FoveaView-live").innerText(), before);
    await goTo("#a-heading");
    await page.close();
  });

  it("is readable from disk, with living views and no button that does nothing", async () => {
    const page = await open(String(pathToFileURL(join(output, "tutorials", "00-start.html"))));
    await answers(page);
    assert.equal(await page.locator(".code button").count(), 0);
    await page.getByRole("searchbox").fill("shape");
    await page.locator(".fovea-found a").first().waitFor();
    await page.close();
  });

  it("fits a narrow screen", async () => {
    const page = await openTutorial("02-alignment");
    await page.setViewportSize({ width: 400, height: 900 });
    await page.reload();
    await page.locator(".jp-FoveaAlignment").first().waitFor();
    const [content, view] = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.clientWidth,
    ]);
    assert.ok(content <= view, `${content} of ${view} pixels`);
    await page.screenshot({ path: join(SCREENSHOTS, "site-narrow.png"), timeout: 120_000 });
    await page.close();
  });

  it("asked nobody else, and broke no rule of its policy", () => {
    assert.deepEqual([elsewhere, problems], [[], []]);
  });
});

/** Uses a view by pointer, by a click, and by a key, until its line says something else. */
async function answers(page: Page): Promise<void> {
  const view = page.locator(".jp-FoveaView").first();
  await view.scrollIntoViewIfNeeded();
  const live = view.locator(".jp-FoveaView-live");
  const stage = view.locator(".jp-FoveaView-stage");
  await stage.waitFor();
  const before = await live.innerText();
  const isAnswered = async (): Promise<boolean> => (await live.innerText()) !== before;
  const box = await stage.boundingBox();
  assert.ok(box);
  const uses = [0.2, 0.35, 0.5, 0.65, 0.8].flatMap((y) =>
    [0.1, 0.25, 0.4, 0.6, 0.75, 0.9].map((x) => () => page.mouse.move(box.x + box.width * x, box.y + box.height * y)),
  );
  // A gallery answers a click, a finished training and a router the keys.
  uses.push(() => page.mouse.click(box.x + box.width / 2, box.y + box.height / 3));
  for (const key of ["ArrowRight", "ArrowDown"]) uses.push(() => stage.press(key));
  for (const use of uses) {
    await use();
    await page.waitForTimeout(30);
    if (await isAnswered()) return;
  }
  assert.fail(`nothing changes the line of the view, ${JSON.stringify(before)}`);
}
