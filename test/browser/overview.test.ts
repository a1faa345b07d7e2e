/// <reference lib="dom" />
/** Fovea's place in JupyterLab: launcher, menus, and the panel that lists what the kernel can use. */
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser, Locator } from "playwright-core";
import { encodeSafetensors } from "../../kernel/safetensors/safetensors";
import { axeViolations } from "./axe";
import { LIMIT, openBrowser, repository, startLab, until, type Lab } from "./lab";
import { LabPage } from "./lab-page";
import { notebook } from "./notebook";
import { screenshot } from "./screenshot";
import { stateViolations } from "./states";

const LOAD = `import { encoders, nn, train } from "fovea";\nconst encoder = await encoders.load("zoo/parts-hybrid", { device: "cpu" });`;
const USE = `await encoder.forwardIntermediates({ width: 8, height: 8, channels: 3, data: new Uint8Array(192) }).then(() => "used", (error) => error.message)`;
const TRAIN = `import * as tf from "fovea/tf";
const layer = new nn.Linear(2, 1);
const control = new train.TrainingControl("slow run");
const running = train.fit(
  {
    model: layer,
    data: train.batches([1, 2, 3, 4], { batchSize: 1 }),
    loss: (batch) => nn.mse(layer.forward(tf.tensor2d([[1, 2]])), tf.tensor2d([batch])),
    stages: [{ name: "all", groups: [{ parameters: "weight", learningRate: 0.001 }], steps: 5000 }],
    control,
  },
  () => new Promise((resolve) => setTimeout(resolve, 30)),
);
"begun"`;

describe("the panel", { timeout: LIMIT }, () => {
  let lab: Lab;
  let browser: Browser;
  let page: LabPage;
  let panel: Locator;

  before(async () => {
    lab = await startLab({
      files: {
        "first.ipynb": notebook([{ source: LOAD }, { source: USE }, { source: TRAIN }]),
        "notes.txt": "text",
        "adapters/style/adapter_config.json": { peft_type: "LORA", r: 4, base_model_name_or_path: "owner/base" },
        "odd/run.json": { anything: true },
        "odd/manifest.jsonl": "",
      },
    });
    const adapter = encodeSafetensors(
      new Map([["a.lora_A.weight", { dtype: "F32", shape: [1], data: Float32Array.of(1) }]]),
    );
    writeFileSync(join(lab.root, "adapters/style/adapter_model.safetensors"), adapter);
    mkdirSync(join(lab.root, "models/mine"), { recursive: true });
    cpSync(join(repository, "kernel/zoo/parts-hybrid"), join(lab.root, "models/mine"), { recursive: true });
    browser = await openBrowser();
    page = await LabPage.open(browser, lab, "first.ipynb", { width: 1360, height: 900 });
    panel = page.page.locator(".jp-FoveaOverview");
  });

  after(async () => {
    await browser?.close();
    await lab?.close();
  });

  const section = (title: string): Locator =>
    panel.locator(".jp-FoveaOverview-section", { has: page.page.getByRole("heading", { name: title, exact: true }) });

  it("opens from the menu and lists encoders of the package, of the folder, and adapters", async () => {
    await page.kernelReady();
    await page.menu("View", "Fovea Panel");
    await section("Encoders").getByText("zoo/parts-hybrid", { exact: true }).waitFor();
    await section("Encoders").getByText("models/mine", { exact: true }).waitFor();
    await section("Adapters").getByText("adapters/style", { exact: true }).waitFor();
    assert.equal(await section("Features").locator("li").count(), 0, "another tool's run.json is none of ours");
    await section("In memory").getByText("No encoder is loaded.").waitFor();
    await screenshot(page, "panel");
  });

  it("shows an encoder's card by keyboard, and inserts the code that loads it", async () => {
    const row = section("Encoders").locator("li", { hasText: "zoo/parts-hybrid" });
    await row.getByRole("button", { name: "zoo/parts-hybrid", exact: true }).press("Enter");
    await row.getByText("1,173,312").waitFor();
    assert.match(await row.innerText(), /trained for\s+dense part types/);
    await row.getByRole("button", { name: /Insert/ }).click();
    const inserted = page.page.locator(".jp-NotebookPanel .jp-Cell.jp-mod-active .cm-content");
    await inserted.filter({ hasText: 'encoders.load("zoo/parts-hybrid")' }).waitFor();
    await section("Adapters").getByRole("button", { name: "adapters/style", exact: true }).click();
    assert.match(await section("Adapters").innerText(), /type\s+LORA\s+rank\s+4\s+base model\s+owner\/base/);
    await screenshot(page, "panel-card");
  });

  it("follows what the kernel keeps in memory, and frees it", async () => {
    await page.startCell(0);
    const row = section("In memory").locator("li", { hasText: "zoo/parts-hybrid" });
    await row.waitFor();
    assert.match(await row.innerText(), /cpu · 5 MB/);
    await row.getByRole("button", { name: /Free/ }).click();
    await row.waitFor({ state: "detached" });
    const use = page.page.locator(".jp-CodeCell", { hasText: "forwardIntermediates" });
    await use.locator(".cm-content").click();
    await page.page.keyboard.press("Control+Enter");
    await use.locator(".jp-OutputArea").getByText("the encoder is disposed").waitFor();
  });

  it("pauses, continues and stops a training", async () => {
    const cell = page.page.locator(".jp-CodeCell", { hasText: "slow run" });
    await cell.locator(".cm-content").click();
    await page.page.keyboard.press("Control+Enter");
    const row = section("Trainings").locator("li", { hasText: "slow run" });
    await row.getByText(/running · update [1-9]/).waitFor();
    await row.getByRole("button", { name: "Pause" }).click();
    await row.getByText(/paused · update/).waitFor();
    await screenshot(page, "panel-training");
    await row.getByRole("button", { name: "Resume" }).click();
    await row.getByText(/running · update/).waitFor();
    await row.getByRole("button", { name: "Stop" }).click();
    await row.getByText(/stopped · update/).waitFor();
  });

  for (const theme of ["JupyterLab Dark", "JupyterLab Dark High Contrast", "JupyterLab Light"])
    it(`axe finds nothing in it, hovered and pressed too, in ${theme}`, async () => {
      await page.theme(theme);
      assert.deepEqual(await axeViolations(page.page, ".jp-FoveaOverview-sidebar"), []);
      assert.deepEqual(await stateViolations(page.page, panel), []);
      await screenshot(page, `panel-${theme.split(" ").slice(1).join("-").toLowerCase()}`);
    });

  it("says in one sentence when no kernel runs, and comes back with one", async () => {
    await page.menu("Kernel", "Shut Down Kernel");
    await panel.getByText("No Fovea kernel runs in first.ipynb.").waitFor();
    assert.equal(await panel.locator(".jp-FoveaOverview-section").first().isVisible(), false);
    await screenshot(page, "panel-no-kernel");
    await page.menu("Kernel", "Restart Kernel…");
    await section("Encoders").getByText("zoo/parts-hybrid", { exact: true }).waitFor();
    assert.deepEqual(page.errors, []);
  });

  it("is open again after the page is loaded anew", async () => {
    await page.page.goto(`${lab.url}/lab?token=${lab.token}`);
    await section("Encoders").getByText("zoo/parts-hybrid", { exact: true }).waitFor();
  });

  it("the launcher has cards for a notebook and a first one, which runs from first to last cell", async () => {
    await page.menu("File", "New Launcher");
    const cards = page.page.locator(".jp-LauncherCard:visible");
    await cards.filter({ hasText: "Fovea Notebook" }).waitFor();
    await screenshot(page, "launcher");
    await cards.filter({ hasText: "First Tutorial" }).click();
    const first = page.page.locator(".jp-NotebookPanel:visible", { hasText: "Fovea in four cells" });
    await first.waitFor();
    const written = join(lab.root, "Untitled.ipynb");
    assert.ok(existsSync(written) && readFileSync(written, "utf8").includes('"fovea"'));
    await page.kernelReady();
    await page.menu("Run", "Run All Cells");
    await until(async () => (await first.locator(".jp-FoveaCorrespondence").count()) === 1, "a correspondence view");
    await first.locator(".jp-OutputArea img").last().waitFor();
    assert.deepEqual(await first.locator("[data-mime-type='application/vnd.jupyter.stderr']").allInnerTexts(), []);
    await screenshot(page, "first-notebook");
    assert.deepEqual(page.errors, []);
  });
});
