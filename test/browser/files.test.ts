/** Files of models, opened from JupyterLab's file browser: read in parts, described, and refused in words. */
import assert from "node:assert/strict";
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser, Locator } from "playwright-core";
import { encoders, features, view } from "../../kernel/index.ts";
import { encodeSafetensors } from "../../kernel/safetensors/safetensors";
import { syntheticEncoder, syntheticPair } from "../view/synthetic";
import { axeViolations } from "./axe";
import { layoutKept, LIMIT, openBrowser, repository, startLab, type Lab } from "./lab";
import { LabPage } from "./lab-page";
import { notebook } from "./notebook";
import { screenshot } from "./screenshot";

const VALUES = Float32Array.from({ length: 600 }, (_, i) => (i < 100 ? 0 : i / 100 - 3));

/** An adapter of two layers, with a tensor of many values between. */
const ADAPTER = encodeSafetensors(
  new Map([
    ["base_model.model.layers.0.q.lora_A.weight", { dtype: "F32" as const, shape: [2, 300], data: VALUES }],
    ["base_model.model.layers.0.q.lora_B.weight", { dtype: "F32" as const, shape: [300, 2], data: VALUES }],
    ["base_model.model.head.bias", { dtype: "I32" as const, shape: [2], data: Int32Array.of(-5, 7) }],
  ]),
  { format: "pt" },
);

describe("files of models in JupyterLab", { timeout: LIMIT }, () => {
  let lab: Lab;
  let browser: Browser;
  let page: LabPage;

  before(async () => {
    lab = await startLab({
      files: {
        "first.ipynb": notebook([{ source: "1" }]),
        "adapter_config.json": { peft_type: "LORA", lora_alpha: 16, target_modules: ["q"] },
      },
    });
    writeFileSync(join(lab.root, "adapter_model.safetensors"), ADAPTER);
    writeFileSync(join(lab.root, "broken.safetensors"), ADAPTER.subarray(0, ADAPTER.length - 3));
    cpSync(join(repository, "kernel/zoo/parts-hybrid/model.onnx"), join(lab.root, "model.onnx"));
    const { source, target } = syntheticPair();
    await view.save(await view.correspondence(source, target, syntheticEncoder), join(lab.root, "match.view.json"));
    writeFileSync(join(lab.root, "foreign.view.json"), JSON.stringify({ "text/html": "<img src=x onerror=alert(1)>" }));
    const encoder = await encoders.load("zoo/untrained-hybrid", { device: "cpu" });
    const images = features.worldPictures({ count: 3, size: 64 });
    await features.extract({ encoder, images, out: join(lab.root, "seen"), indices: [-1], progress: false });
    await encoder.dispose();
    browser = await openBrowser();
    page = await LabPage.open(browser, lab, "first.ipynb", { width: 1280, height: 800 });
  });

  after(async () => {
    await browser?.close();
    await lab?.close();
  });

  async function open(name: string): Promise<Locator> {
    await page.page.locator(".jp-DirListing-item", { hasText: name }).dblclick();
    const shown = page.page.locator(".jp-FoveaFile:visible", {
      has: page.page.getByRole("heading", { name, exact: true }),
    });
    await shown.waitFor();
    return shown;
  }

  it("a safetensors file is a table of tensors, with an adapter's card", async () => {
    const file = await open("adapter_model.safetensors");
    await file.getByText("1,202").waitFor();
    await file.getByRole("heading", { name: "Adapter", exact: true }).waitFor();
    assert.match(
      await file.locator("dl").nth(1).innerText(),
      /adapted layers\s*1\s*ranks\s*2\s*peft_type\s*"LORA"\s*lora_alpha\s*16/,
    );
    assert.deepEqual(await file.locator("tbody tr").count(), 3);
    await file.getByLabel("Filter").fill("LORA_b");
    assert.equal(await file.getByRole("status").innerText(), "1 of 3 rows");
    assert.match(await file.locator("tbody tr").innerText(), /lora_B\.weight\s+F32\s+\[300, 2\]\s+600\s+2\.40 KB/);
    await file.getByLabel("Filter").fill("");
    await file.getByRole("button", { name: "elements" }).click();
    assert.match(await file.locator("tbody tr").last().innerText(), /head\.bias/);
    await screenshot(page, "file-safetensors");
  });

  it("a tensor's name shows its values, by keyboard too", async () => {
    const file = page.page.locator(".jp-FoveaFile:visible");
    await file.getByRole("button", { name: "base_model.model.layers.0.q.lora_A.weight" }).press("Enter");
    const values = file.locator("figure");
    await values.waitFor();
    const text = await values.locator("figcaption").innerText();
    assert.match(text, /600 values · from -2 to 2\.99 · mean 0\.4125 · standard deviation 1\.33 · 101 zeros/);
    assert.equal(await values.locator("rect").count(), 48);
    assert.deepEqual(await axeViolations(page.page, ".jp-FoveaFile"), []);
    await screenshot(page, "file-values");
  });

  it("an ONNX model shows its blocks, and the code that takes features out of it", async () => {
    const file = await open("model.onnx");
    await file.locator("tbody tr").first().waitFor();
    assert.match(await file.locator("dl").first().innerText(), /blocks\s*\d+/);
    assert.match(await file.locator("thead").innerText(), /block.*stage.*stream.*attention.*query.*key.*value/s);
    await file.locator("summary", { hasText: "Code" }).click();
    assert.match(
      await file.locator("pre").innerText(),
      /encoders\.load\("model\.onnx", \{ preprocess: "imagenet" \}\)/,
    );
    assert.deepEqual(await axeViolations(page.page, ".jp-FoveaFile:visible"), []);
    await screenshot(page, "file-onnx");
  });

  it("a broken file is refused in its place, in words", async () => {
    const file = await open("broken.safetensors");
    await file.getByRole("alert").waitFor();
    assert.match(await file.innerText(), /This file cannot be shown\. .*must (begin|end|cover|have)/);
    assert.deepEqual(page.errors, []);
  });

  it("a saved view opens as its viewer, and a file of another kind is refused", async () => {
    await page.page.locator(".jp-DirListing-item", { hasText: "match.view.json" }).dblclick();
    const viewer = page.viewer();
    await viewer.ready();
    await viewer.hover(0, 0.4, 0.5);
    assert.ok((await viewer.match()).similarity > 0.5);
    await screenshot(page, "file-view");
    await page.page.locator(".jp-DirListing-item", { hasText: "foreign.view.json" }).dblclick();
    const refused = page.page.locator(".jp-FoveaFile:visible");
    await refused.getByText("It holds no view that this version of Fovea knows.").waitFor();
    assert.equal(await refused.locator("img").count(), 0);
    assert.deepEqual(page.errors, []);
  });

  it("a folder of features opens by its manifest, and its gallery in a notebook", async () => {
    await page.page.locator(".jp-DirListing-item", { hasText: "seen" }).dblclick();
    const file = await open("manifest.jsonl");
    await file.getByText("train-2").waitFor();
    assert.match(await file.locator("dl").first().innerText(), /zoo\/untrained-hybrid\s+pictures\s+3\s+left out\s+0/);
    assert.deepEqual(await axeViolations(page.page, ".jp-FoveaFile:visible"), []);
    await screenshot(page, "file-features");
    await file.getByRole("button", { name: "Open as gallery" }).click();
    const cell = page.page.locator(".jp-NotebookPanel:visible .cm-content");
    await cell.filter({ hasText: 'features.open("seen")' }).waitFor();
    await page.page.locator(".jp-FileBrowser .jp-BreadCrumbs-home").click();
  });

  it("opened files are there again after the page is loaded anew", async () => {
    const names = ["match.view.json", "adapter_model.safetensors", "manifest.jsonl"];
    await layoutKept(lab, names);
    await page.page.goto(`${lab.url}/lab?token=${lab.token}`);
    for (const name of names)
      await page.page.locator(".lm-DockPanel-tabBar .lm-TabBar-tabLabel", { hasText: name }).waitFor();
    await page.page.locator(".lm-DockPanel-tabBar .lm-TabBar-tabLabel", { hasText: "match.view.json" }).click();
    await page.viewer().ready();
  });

  it("is as readable in the dark theme", async () => {
    await page.theme("JupyterLab Dark");
    assert.deepEqual(await axeViolations(page.page, ".jp-FoveaFile:visible"), []);
    await page.page.locator(".lm-TabBar-tabLabel", { hasText: "adapter_model" }).click();
    assert.deepEqual(await axeViolations(page.page, ".jp-FoveaFile:visible"), []);
    await screenshot(page, "file-dark");
  });
});
