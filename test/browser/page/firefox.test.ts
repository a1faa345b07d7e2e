/**
 * The kernel in Firefox. The page runs its cells by itself and posts what came of them, so that a Firefox as a distribution builds it
 * needs no protocol of automation.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { data } from "../../../kernel/index.ts";
import type { Executed } from "../../../kernel/browser/outputs.ts";
import { buildHost, CHECKSUM, textOf } from "./page.ts";

const FIREFOX = process.env.FIREFOX ?? "/usr/bin/firefox-esr";
const MISSING = existsSync(FIREFOX)
  ? false
  : `no Firefox at ${FIREFOX} (apt-get install firefox-esr, or name one in FIREFOX)`;
/** Bounds a failure only. */
const PATIENCE = 400_000;

const CELLS = [
  `const answer: number = 41; console.log("so", { answer }); answer + 1`,
  `const wide: string = answer;`,
  `await Promise.resolve();\nthrow new RangeError("too far");`,
  `import { data, encoders } from "fovea"; const picture = data.world.render(data.world.scene(7)); (${CHECKSUM.replace("(levels)", "(levels: Uint8Array)")})(Uint8Array.from(picture.data))`,
  `const clip = await encoders.load("zoo/clip-vit"); const { intermediates: [first] } = await clip.forwardIntermediates([picture], { indices: [-1] }); first.data.length`,
  `import * as tf from "fovea/tf"; tf.matMul([[1, 2]], [[3], [4]]).dataSync()[0]`,
];

const SCRIPT = `
import { start } from "./fovea/client.js";
const told = [];
try {
  const kernel = await start({ base: "./fovea/" });
  for (const code of ${JSON.stringify(CELLS)}) told.push(await kernel.execute(code));
  const { matches } = await kernel.complete("answ", 4);
  globalThis.looping = kernel.execute("for (;;);");
  await new Promise((done) => setTimeout(done, 500));
  told.push({ matches, ended: await kernel.interrupt() });
} catch (error) {
  told.push({ failed: String(error) });
}
await fetch("/told", { method: "POST", body: JSON.stringify(told) });
`;

/** Preferences of a profile that asks nothing and calls nobody. */
const PREFERENCES = {
  "browser.shell.checkDefaultBrowser": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "toolkit.telemetry.enabled": false,
  "app.update.enabled": false,
  "browser.safebrowsing.downloads.remote.enabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
};

/** Opens the page in Firefox and waits for what it posts. */
async function toldBy(files: string): Promise<unknown[]> {
  const profile = mkdtempSync(join(tmpdir(), "fovea-firefox-"));
  const lines = Object.entries(PREFERENCES).map(([name, value]) => `user_pref("${name}", ${String(value)});`);
  writeFileSync(join(profile, "user.js"), lines.join("\n"));
  let tell: (told: unknown[]) => void = () => undefined;
  const told = new Promise<unknown[]>((resolve, reject) => {
    tell = resolve;
    setTimeout(() => reject(new Error("Firefox told nothing")), PATIENCE).unref();
  });
  const server = createServer((request, answer) => {
    if (request.method === "POST") {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => tell(JSON.parse(Buffer.concat(parts).toString()) as unknown[]));
      return void answer.end();
    }
    if (request.url === "/docs/")
      return void answer
        .writeHead(200, { "content-type": "text/html" })
        .end(`<!doctype html><meta charset=utf-8><title>page</title><script type="module">${SCRIPT}</script>`);
    void fetch(files + request.url).then(async (found) => {
      const type = found.headers.get("content-type") ?? "text/plain";
      answer.writeHead(found.status, { "content-type": type }).end(Buffer.from(await found.arrayBuffer()));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/docs/`;
  const browser = spawn(FIREFOX, ["--headless", "--no-remote", "--profile", profile, url], { stdio: "ignore" });
  try {
    return await told;
  } finally {
    const ended = new Promise((resolve) => browser.once("exit", resolve));
    browser.kill("SIGKILL");
    await ended;
    server.close();
    server.closeAllConnections();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

describe("the kernel in Firefox", { skip: MISSING }, () => {
  it("checks, runs, completes, computes features and training, and restarts", async () => {
    const { host, remove } = await buildHost();
    const told = await toldBy(host.url).finally(remove);
    assert.equal(told.length, CELLS.length + 1, JSON.stringify(told.at(-1)));
    const texts = (told.slice(0, -1) as Executed[]).map(({ outputs }) => textOf(outputs));
    assert.equal(texts[0], "so { answer: 41 }\n\n42");
    assert.match(texts[1], /^TypeScriptError: 1:7 - Type 'number' is not assignable to type 'string'/);
    assert.match(texts[2], /^RangeError: too far/);
    const levels = Uint8Array.from(data.world.render(data.world.scene(7)).data);
    assert.equal(texts[3], String(((0, eval)(CHECKSUM) as (levels: Uint8Array) => number)(levels)));
    assert.equal(texts[4], String(128 * 16 * 16));
    assert.equal(texts[5], "11");
    const { matches, ended } = told.at(-1) as { matches: string[]; ended: string };
    assert.ok(matches.includes("answer"), matches.join());
    assert.equal(ended, "restarted");
  });
});
