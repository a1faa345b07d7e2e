/** The kernel in Firefox. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { data } from "../../../kernel/index.ts";
import type { Executed } from "../../../kernel/browser/outputs.ts";
import { MISSING, toldBy } from "./firefox.ts";
import { buildHost, CHECKSUM, textOf } from "./page.ts";

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

const PAGE = `<!doctype html><meta charset=utf-8><title>page</title><script type="module">${SCRIPT}</script>`;

describe("the kernel in Firefox", { skip: MISSING }, () => {
  it("checks, runs, completes, computes features and training, and restarts", async () => {
    const { host, remove } = await buildHost();
    const told = await toldBy(host.url, { "/docs/": PAGE }).finally(remove);
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
