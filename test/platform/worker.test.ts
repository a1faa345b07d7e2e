/** Library and session in a Web Worker of a real browser, with nothing of Node. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join, posix, relative, sep } from "node:path";
import { after, before, describe, it } from "node:test";
import { createRequire } from "node:module";
import type { Browser, Page } from "playwright-core";
import { world } from "../../kernel/data/index.ts";
import type { FromSession } from "../../kernel/jupyter/ipc.ts";
import { sha256 } from "../../kernel/platform/index.ts";
import { openBrowser, repository } from "../browser/lab.ts";
import { bundleWorker } from "./bundle.ts";
import type { Question } from "./worker.ts";

const LIBRARY = join(repository, "kernel", "dist");
const COMPILER = dirname(createRequire(import.meta.url).resolve("typescript"));
const ESCAPES = /\x1b\[\d+m/g;

/** Declarations below a folder, by their paths in the worker. */
function declarations(folder: string, place: string): [string, string][] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".d.ts"))
    .map((name) => [posix.join(place, name.split(sep).join("/")), readFileSync(join(folder, name), "utf8")]);
}

function compilerFiles(): Record<string, string> {
  return Object.fromEntries([
    ...declarations(LIBRARY, "/fovea/dist"),
    ...declarations(COMPILER, "/lib").filter(([path]) => /^\/lib\/lib\.[\w.]+$/.test(path)),
  ]);
}

function serve(script: string): Promise<Server> {
  const server = createServer(({ url }, answer) => {
    const isScript = url === "/worker.js";
    answer.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    answer.end(isScript ? script : "<!doctype html><title>worker</title>");
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

describe("library and session in a browser's worker", () => {
  let server: Server;
  let browser: Browser;
  let page: Page;

  before(async () => {
    server = await serve(await bundleWorker(`import "./worker.ts";`));
    browser = await openBrowser();
    page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.evaluate(`globalThis.worker = new Worker("/worker.js")`);
    assert.equal(await ask({ files: compilerFiles() }), "started");
  });

  after(async () => {
    await browser?.close();
    server?.close();
  });

  function ask(question: Question): Promise<unknown> {
    return page.evaluate(`new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
      worker.postMessage(${JSON.stringify(question)});
    })`);
  }

  async function run(code: string): Promise<FromSession[]> {
    const messages = await ask({ run: code });
    assert.ok(Array.isArray(messages), JSON.stringify(messages));
    return messages as FromSession[];
  }

  it("draws a scene of the world byte for byte as Node does", async () => {
    for (const seed of [0, 7, 1234]) {
      const { data } = world.render(world.scene(seed));
      const drawn = (await ask({ draw: seed })) as { rgb: string; sha256: string };
      assert.equal(drawn.rgb, Array.from(data).join());
      assert.equal(drawn.sha256, sha256().update(data).digest("hex"));
    }
  });

  it("checks a typed cell against the library's types, runs it, and keeps what it declares", async () => {
    await run(`import { data } from "fovea"; const image = data.world.render(data.world.scene(7));`);
    const messages = await run(`const size: number = image.width * image.height; console.log("drawn"); size`);
    const output = messages.find(({ type }) => type === "stream") as Extract<FromSession, { type: "stream" }>;
    const result = messages.find(({ type }) => type === "result") as Extract<FromSession, { type: "result" }>;
    assert.equal(output.text, "drawn\n");
    assert.equal(result.data["text/plain"], String(128 * 128));
  });

  it("refuses a wrong cell before it runs, with the compiler's error at its place", async () => {
    const [done, ...others] = (await run(`console.log("ran"); const wide: string = image.width;`)).reverse();
    assert.equal(others.length, 0, JSON.stringify(others));
    assert.ok(done.type === "done" && done.outcome.status === "error", JSON.stringify(done));
    assert.equal(done.outcome.ename, "TypeScriptError");
    assert.match(done.outcome.evalue, /^1:27 - Type 'number' is not assignable to type 'string'/);
    assert.match(done.outcome.traceback.join("\n").replace(ESCAPES, ""), /TS2322 at cell 3, line 1:27/);
  });

  it("says which line of a cell failed, though the cell awaited before", async () => {
    const messages = await run(`await Promise.resolve();\nthrow new RangeError("too far");`);
    const done = messages.at(-1);
    assert.ok(done?.type === "done" && done.outcome.status === "error");
    assert.equal(done.outcome.ename, "RangeError");
    assert.match(done.outcome.traceback.join("\n"), /cell 4, line 2:7/);
  });
});

describe("the bundle for a worker", () => {
  it("is refused when a module of Node is imported", async () => {
    const module = relative(join(repository, "test", "platform"), join(repository, "kernel/session/node/link.ts"));
    const contents = `import { openLink } from ${JSON.stringify(`./${module.split(sep).join("/")}`)};\nopenLink();`;
    await assert.rejects(bundleWorker(contents), /Could not resolve "node:net"/);
  });
});
