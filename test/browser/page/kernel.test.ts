/** The kernel in a page of a real browser: from a plain host, from a sub-path, without special headers. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { data, encoders } from "../../../kernel/index.ts";
import { STATUS_TARGET } from "../../../kernel/protocol/status.ts";
import { sha256 } from "../../../kernel/platform/index.ts";
import { pictureFiles } from "./picture-files.ts";
import { CHECKSUM, openKernelPage, openPage, PLACE, run, startKernel, textOf, type KernelPage } from "./page.ts";

const ESCAPES = /\x1b\[\d+m/g;
const MOST = 1e-5;

describe("the kernel in a page", () => {
  let opened: KernelPage;
  const cell = (code: string) => run(opened.page, code);
  const ask = <T>(expression: string): Promise<T> => opened.page.evaluate(expression);
  const sent = (): number => [...opened.host.sent.values()].reduce((sum, bytes) => sum + bytes, 0);
  const report = (what: string, start: number): void =>
    console.log(
      `${what}: ${((performance.now() - start) / 1000).toFixed(1)} s, ${(sent() / 1e6).toFixed(2)} MB (gzip)`,
    );

  before(async () => {
    opened = await openKernelPage();
  });
  after(() => opened?.close());

  it("runs a typed cell, after 2 MB", async () => {
    const start = performance.now();
    assert.equal(await startKernel(opened.page), "");
    const { status, outputs, executionCount } = await cell(
      `const answer: number = 41;\nconsole.log("so", { answer }); answer + 1`,
    );
    report("from opening the page to the first typed result", start);
    assert.deepEqual([status, executionCount], ["ok", 1]);
    assert.deepEqual(outputs, [
      { output_type: "stream", name: "stdout", text: "so { answer: 41 }\n" },
      { output_type: "execute_result", execution_count: 1, data: { "text/plain": "42" }, metadata: {} },
    ]);
    assert.ok(sent() < 2e6, `${sent()} bytes`);
  });

  it("imports the rooms that cells begin with, still after 2 MB, and the others when they are asked for", async () => {
    const { outputs } = await cell(`import { data, encoders, law, view } from "fovea";
      [typeof data.world.scene, typeof encoders.load, typeof law.cScore, typeof view.correspondence].join()`);
    assert.equal(textOf(outputs), "'function,function,function,function'");
    console.log(`the first cell that imports fovea: ${(sent() / 1e6).toFixed(2)} MB (gzip)`);
    assert.ok(sent() < 2e6, `${sent()} bytes`);
    const before = sent();
    const all = await cell(`import * as everything from "fovea";
      [everything.encoders === encoders, typeof everything.sak, typeof everything.RuleError]`);
    assert.equal(textOf(all.outputs), "[ true, 'object', 'function' ]");
    assert.ok(sent() > before, "they came over the network");
  });

  it("starts again faster, from the browser's cache", async () => {
    const page = await openPage(opened.page.context(), opened.host);
    const start = performance.now();
    assert.equal(await startKernel(page), "");
    assert.equal(textOf((await run(page, "1 + 1")).outputs), "2");
    report("a second page", start);
    await page.close();
  });

  it("keeps values between cells, and refuses a wrong one before it runs", async () => {
    const { status, outputs } = await cell(`console.log("ran"); const wide: string = answer;`);
    assert.equal(status, "error");
    assert.equal(outputs.length, 1);
    assert.match(textOf(outputs), /^TypeScriptError: 1:27 - Type 'number' is not assignable to type 'string'/);
    assert.equal(textOf((await cell("answer")).outputs), "41");
  });

  it("says which line failed, and nothing of its own code", async () => {
    const { outputs } = await cell(`await Promise.resolve();\nthrow new RangeError("too far");`);
    const [error] = outputs;
    assert.ok(error.output_type === "error");
    const lines = error.traceback.join("\n").replace(ESCAPES, "");
    assert.match(lines, /line 2:7/);
    assert.doesNotMatch(lines, /chunk-|http:/);
    const [first] = (await cell(`answer; answer.toFixed(-1);`)).outputs;
    assert.ok(first.output_type === "error");
    const place = /cell (\d+), line 1:(\d+)/.exec(first.traceback.join("\n").replace(ESCAPES, ""));
    assert.equal(place?.[2], "16", first.traceback.join("\n"));
    assert.doesNotMatch(first.traceback.join("\n"), /at eval/);
  });

  it("completes and inspects", async () => {
    const code = `import { encoders } from "fovea"; encoders.lo`;
    const { matches } = await ask<{ matches: string[] }>(`kernel.complete(${JSON.stringify(code)}, ${code.length})`);
    assert.ok(matches.includes("load"), matches.join());
    const { found, data: bundle } = await ask<{ found: boolean; data: Record<string, string> }>(
      `kernel.inspect("answer", 3)`,
    );
    assert.ok(found);
    assert.match(bundle["text/plain"], /const answer: number/);
    assert.equal((await ask<{ status: string }>(`kernel.isComplete("if (answer) {")`)).status, "incomplete");
  });

  it("draws a scene of the world byte for byte as Node does", async () => {
    const { data: pixels } = data.world.render(data.world.scene(7));
    const expected = sha256().update(pixels).digest("hex");
    await cell(`import { data } from "fovea"; const picture = data.world.render(data.world.scene(7));`);
    const { outputs } = await cell(
      `Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from(picture.data))), (byte) => byte.toString(16).padStart(2, "0")).join("")`,
    );
    assert.equal(textOf(outputs), `'${expected}'`);
  });

  it("reads JPEG and PNG with the pixels that Node reads", async () => {
    const files = await pictureFiles();
    const checksum = (0, eval)(CHECKSUM) as (levels: Uint8Array) => number;
    for (const [name, file] of Object.entries(files)) {
      const expected = await data.decodeImage(file);
      await ask(
        `kernel.importFiles([{ path: ${JSON.stringify(name)}, bytes: new Uint8Array(${JSON.stringify([...file])}) }])`,
      );
      const { outputs } = await cell(
        `{ const { width, height, data: levels } = await data.decodeImage(${JSON.stringify(name)});
         const checksum: (levels: Uint8Array) => number = ${CHECKSUM};
         console.log(width, height, checksum(Uint8Array.from(levels))); }`,
      );
      const told = `${expected.width} ${expected.height} ${checksum(Uint8Array.from(expected.data))}\n`;
      assert.equal(textOf(outputs), told, name);
    }
  });

  it("computes features of an encoder as Node does, after 7 MB and the encoder", async () => {
    const start = performance.now();
    const loaded = await cell(
      `import { encoders } from "fovea"; const clip = await encoders.load("zoo/clip-vit"); clip`,
    );
    assert.match(textOf(loaded.outputs), /^Encoder zoo\/clip-vit/);
    const { outputs, status } = await cell(
      `import { writeFileSync } from "node:fs";
       const found = await clip.forwardIntermediates([picture], { indices: [0, -1], outputFmt: "NLC" });
       writeFileSync("features.json", JSON.stringify(found.intermediates.map(({ data }) => Array.from(data))));`,
    );
    assert.equal(status, "ok", textOf(outputs));
    report("from loading an encoder to its first features", start);
    const encoder = opened.host.sent.get(`${PLACE}zoo/clip-vit/model.onnx`) ?? 0;
    assert.ok(sent() - encoder < 7e6, `${sent()} bytes with ${encoder} of the encoder`);
    const here = JSON.parse(
      await ask(`kernel.exportFiles(["features.json"]).then(([{ bytes }]) => new TextDecoder().decode(bytes))`),
    ) as number[][];
    const clip = await encoders.load("zoo/clip-vit");
    const picture = data.world.render(data.world.scene(7));
    const { intermediates } = await clip.forwardIntermediates([picture], { indices: [0, -1], outputFmt: "NLC" });
    await clip.dispose();
    for (const [i, { data: expected }] of intermediates.entries()) {
      assert.equal(here[i].length, expected.length);
      const worst = here[i].reduce((most, value, k) => Math.max(most, Math.abs(value - expected[k])), 0);
      console.log(`features of layer ${i === 0 ? "0" : "-1"}: at most ${worst.toExponential(1)} from Node's`);
      assert.ok(worst < MOST, String(worst));
    }
  });

  it("runs sessions of one model one after another, since the runtime takes one run at a time", async () => {
    const { outputs, status } = await cell(
      `const both = await Promise.all([clip.forwardIntermediates([picture], { indices: [0] }), clip.forwardIntermediates([picture], { indices: [1] })]); both.length`,
    );
    assert.equal(status, "ok", textOf(outputs));
    assert.equal(textOf(outputs), "2");
  });

  it("trains on WebAssembly, without a start of its own", async () => {
    const { outputs, status } = await cell(`import { nn } from "fovea"; import * as tf from "fovea/tf";
      const w = tf.variable(tf.tensor1d([1, 2]));
      const { value, grads } = tf.variableGrads(() => tf.sum(tf.square(w)) as tf.Scalar);
      [tf.getBackend(), value.dataSync()[0], Array.from(Object.values(grads)[0].dataSync())]`);
    assert.equal(status, "ok", textOf(outputs));
    assert.equal(textOf(outputs), "[ 'wasm', 5, [ 2, 4 ] ]");
  });

  it("keeps the output of a cell with it, late output too, and applies what displays change", async () => {
    await ask(
      `globalThis.late = [], kernel.execute('setTimeout(() => console.log("late"), 300); "first"', { onOutput: (output) => late.push(output) })`,
    );
    await opened.page.waitForFunction(`late.some(({ text }) => text === "late\\n")`);
    await ask(`globalThis.shown = null, kernel.execute(
      'import { clearOutput, display } from "fovea"; display({ "text/plain": "old" }, { displayId: "d" }); display({ "text/plain": "new" }, { displayId: "d", update: true });',
      { onChange: (outputs) => { globalThis.shown = outputs.map(({ data }) => data?.["text/plain"]); } })`);
    assert.deepEqual(await ask("shown"), ["new"]);
  });

  it("shows a viewer of its own, with a still picture beside it", async () => {
    const { status, outputs } = await cell(
      `import { view } from "fovea"; await view.correspondence(picture, data.world.render(data.world.scene(8)), clip, { title: "two scenes" })`,
    );
    assert.equal(status, "ok", textOf(outputs));
    const last = outputs.at(-1);
    assert.ok(last && "data" in last && "application/vnd.fovea.correspondence.v1+json" in last.data);
    assert.ok("image/svg+xml" in last.data || "image/png" in last.data);
  });

  it("answers a comm while a cell waits", async () => {
    await ask(`globalThis.heard = [], kernel.onComm((message) => heard.push(message)), 0`);
    await ask(`globalThis.waiting = kernel.execute("await new Promise((done) => setTimeout(done, 1500))"), 0`);
    const open = { type: "commOpen", target: STATUS_TARGET, commId: "status", data: {}, metadata: {}, buffers: [] };
    await ask(`kernel.sendComm(${JSON.stringify(open)}), 0`);
    await opened.page.waitForFunction("heard.length > 0");
    const [{ type, commId, data: told }] =
      await ask<{ type: string; commId: string; data: { device: string } }[]>("heard");
    assert.deepEqual([type, commId, told.device], ["commMessage", "status", "cpu"]);
    await ask("waiting.then(() => 0)");
  });

  it("refuses what a page lacks in one sentence", async () => {
    assert.match(textOf((await cell(`prompt("name?")`)).outputs), /^StdinNotAllowed: prompt: .*takes no input/);
    assert.match(textOf((await cell("!ls")).outputs), /a browser has no shell to run "ls"/);
    const device = await cell(`await encoders.load("zoo/clip-vit", { device: "cuda" })`);
    assert.match(textOf(device.outputs), /DeviceError: encoders\.load: device cuda does not start.*on the processor/);
    const large = await cell(
      `import { writeFileSync } from "node:fs"; for (let i = 0; i < 5; i++) writeFileSync("large" + i, new Uint8Array(2 ** 29));`,
    );
    assert.match(textOf(large.outputs), /ENOSPC: no space left/);
    await cell(`import { rmSync } from "node:fs"; for (let i = 0; i < 5; i++) rmSync("large" + i, { force: true });`);
    assert.equal(textOf((await cell("answer")).outputs), "41");
  });

  it("takes files in and gives them out", async () => {
    assert.deepEqual(await ask(`kernel.importFiles([{ path: "in/a.txt", bytes: new Uint8Array([104, 105]) }])`), [
      "/work/in/a.txt",
    ]);
    await cell(
      `import { readFileSync, writeFileSync } from "node:fs"; writeFileSync("in/b.txt", readFileSync("in/a.txt", "utf8") + " there");`,
    );
    assert.deepEqual(await ask(`kernel.listFiles("in")`), ["/work/in/a.txt", "/work/in/b.txt"]);
    assert.equal(
      await ask(`kernel.exportFiles(["in/b.txt"]).then(([{ bytes }]) => new TextDecoder().decode(bytes))`),
      "hi there",
    );
    await assert.rejects(ask(`kernel.exportFiles(["nowhere"])`), /ENOENT: no such file or directory, open 'nowhere'/);
    await ask(
      `kernel.importFiles([{ path: "own.ts", bytes: new TextEncoder().encode("export const own = 7 as const;") }])`,
    );
    assert.equal(textOf((await cell(`import { own } from "./own"; own satisfies 7`)).outputs), "7");
  });

  it("stops a cell that awaits, and ends one that cannot be stopped without losing the page", async () => {
    await ask(`globalThis.waiting = kernel.execute("await new Promise(() => {})"), 0`);
    assert.equal(await ask("new Promise((done) => setTimeout(done, 300)).then(() => kernel.interrupt())"), "stopped");
    assert.match(textOf((await ask<{ outputs: [] }>("waiting")).outputs), /^KeyboardInterrupt/);
    assert.equal(textOf((await cell("answer")).outputs), "41");
    await ask(`globalThis.looping = kernel.execute("for (;;);"), globalThis.behind = kernel.execute("1"), 0`);
    assert.equal(await ask("new Promise((done) => setTimeout(done, 300)).then(() => kernel.interrupt())"), "restarted");
    assert.match(
      textOf((await ask<{ outputs: [] }>("looping")).outputs),
      /could not be stopped, so the kernel was restarted/,
    );
    assert.equal((await ask<{ status: string }>("behind")).status, "aborted");
    assert.match(textOf((await cell("answer")).outputs), /Cannot find name 'answer'/);
    assert.deepEqual(await ask(`kernel.listFiles("in")`), ["/work/in/a.txt"]);
  });
});

describe("a page that is isolated from other origins", () => {
  let opened: KernelPage;
  before(async () => {
    opened = await openKernelPage();
    Object.assign(opened.host.headers, {
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
    });
    await opened.page.reload();
    assert.equal(await startKernel(opened.page), "");
  });
  after(() => opened?.close());
  const ask = <T>(expression: string): Promise<T> => opened.page.evaluate(expression);

  it("stops a loop that never awaits, and keeps the variables", async () => {
    assert.equal(await ask("crossOriginIsolated"), true);
    await run(opened.page, "let turns = 0; const kept: number = 41;");
    for (const loop of ["for (;;) turns++;", "await null;\nwhile (true) turns++;"]) {
      await ask(`globalThis.looping = kernel.execute(${JSON.stringify(loop)}), 0`);
      assert.equal(await ask("new Promise((done) => setTimeout(done, 300)).then(() => kernel.interrupt())"), "stopped");
      assert.match(textOf((await ask<{ outputs: [] }>("looping")).outputs), /^KeyboardInterrupt/);
    }
    assert.equal(textOf((await run(opened.page, "kept + Number(turns > 0)")).outputs), "42");
  });

  it("trains and computes features as other pages do", async () => {
    const { outputs, status } = await run(
      opened.page,
      `import * as tf from "fovea/tf"; import { data, encoders } from "fovea";
       const own = await encoders.load("zoo/clip-vit");
       const { dims } = await own.embed([data.world.render(data.world.scene(7))]);
       [tf.matMul([[1, 2]], [[3], [4]]).dataSync()[0], tf.getBackend(), dims.join()]`,
    );
    assert.equal(status, "ok", textOf(outputs));
    assert.equal(textOf(outputs), "[ 11, 'wasm', '1,128' ]");
  });
});

describe("a page that cannot run cells says so in one sentence", () => {
  let opened: KernelPage;
  before(async () => {
    opened = await openKernelPage();
  });
  after(() => opened?.close());

  async function failure(prepare: (place: string) => unknown): Promise<string> {
    const page = await openPage(await opened.browser.newContext(), opened.host);
    await prepare(PLACE);
    const words = await startKernel(page);
    opened.host.instead.clear();
    await page.close();
    return words;
  }

  it("without WebAssembly", async () => {
    const page = await openPage(await opened.browser.newContext(), opened.host);
    await page.evaluate("delete globalThis.WebAssembly");
    assert.match(
      await startKernel(page),
      /^Cells cannot run here, since this browser has no WebAssembly; the page can be read\.$/,
    );
    await page.close();
  });

  it("with a worker that is not there", async () => {
    const words = await failure((place) => opened.host.instead.set(`${place}worker.js`, null));
    assert.match(words, /^Cells cannot run here, since .*worker\.js could not be loaded; the page can be read\.$/);
  });

  it("with damaged files", async () => {
    const cut = await failure((place) => opened.host.instead.set(`${place}types.json`, Buffer.from("{}")));
    assert.match(cut, /the files of the kernel must be whole \(the file types\.json must have \d+ bytes, received 2\)/);
    const odd = await failure((place) => opened.host.instead.set(`${place}manifest.json`, Buffer.from("<html>")));
    assert.match(odd, /the files of the kernel must be whole \(/);
  });

  it("with a damaged encoder, in its cell", async () => {
    opened.host.instead.set(`${PLACE}zoo/mae-vit/model.onnx`, Buffer.from("no model"));
    const page = await openPage(await opened.browser.newContext(), opened.host);
    assert.equal(await startKernel(page), "");
    const { outputs } = await run(page, `import { encoders } from "fovea"; await encoders.load("zoo/mae-vit")`);
    assert.match(textOf(outputs), /zoo\/mae-vit\/model\.onnx must have \d+ bytes, received 8/);
    assert.equal(textOf((await run(page, "1 + 1")).outputs), "2");
    await page.close();
  });
});
