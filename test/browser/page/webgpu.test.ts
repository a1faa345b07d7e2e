/** Encoders on WebGPU in a page: Chromium's software adapter in place of a graphics card. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type KernelPage, openKernelPage, PLACE, run, startKernel, textOf } from "./page.ts";

/** Chromium's flags for WebGPU on the processor. */
const SOFTWARE = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan,WebGPU"];
const RUNTIME = `${PLACE}onnxruntime-webgpu.wasm`;

describe("a page with WebGPU", { timeout: 600_000 }, () => {
  let opened: KernelPage;
  before(async () => {
    opened = await openKernelPage(SOFTWARE);
    assert.equal(await startKernel(opened.page), "");
  });
  after(() => opened?.close());

  it("computes on the processor where nothing else is asked for, and loads nothing more", async () => {
    const { outputs } = await run(
      opened.page,
      `import { data, encoders } from "fovea";
       const picture = data.world.render(data.world.scene(7));
       const usual = await encoders.load("zoo/dino-hybrid");
       const expected = (await usual.forwardIntermediates([picture], { intermediatesOnly: true })).intermediates[0];
       usual.device`,
    );
    assert.equal(textOf(outputs), "'cpu'");
    assert.equal(opened.host.sent.has(RUNTIME), false);
  });

  it("has the processor's features there, within float32", async () => {
    const { outputs, status } = await run(
      opened.page,
      `const other = await encoders.load("zoo/dino-hybrid", { device: "webgpu" });
       const found = (await other.forwardIntermediates([picture], { intermediatesOnly: true })).intermediates[0];
       const scale = Math.max(...expected.data.subarray(0, 4096).map(Math.abs));
       const apart = found.data.reduce((most, value, i) => Math.max(most, Math.abs(value - expected.data[i])), 0);
       const twice = (await other.forwardIntermediates([picture], { intermediatesOnly: true })).intermediates[0];
       await other.dispose();
       [other.device, found.dims.join(), apart > 0, apart / scale < 1e-4, twice.data.every((value, i) => value === found.data[i])]`,
    );
    assert.equal(status, "ok", textOf(outputs));
    assert.equal(textOf(outputs), "[ 'webgpu', '1,128,16,16', true, true, true ]");
    assert.equal(opened.host.sent.has(RUNTIME), true);
  });
});

describe("a page without WebGPU", { timeout: 600_000 }, () => {
  let opened: KernelPage;
  before(async () => {
    opened = await openKernelPage(["--disable-features=WebGPU"]);
    assert.equal(await startKernel(opened.page), "");
  });
  after(() => opened?.close());

  it("says so where it is asked for, and goes on", async () => {
    const wanted = `import { encoders } from "fovea"; (await encoders.load("zoo/dino-hybrid", { device: "webgpu" })).device`;
    const { outputs, status } = await run(opened.page, wanted);
    assert.equal(status, "error");
    assert.match(
      textOf(outputs),
      /DeviceError: encoders\.load: device webgpu does not start.*the browser (has no WebGPU|offers no WebGPU adapter)/s,
    );
    assert.equal(textOf((await run(opened.page, "1 + 1")).outputs), "2");
  });
});
