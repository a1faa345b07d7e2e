/** Combinations of two adapters by truncated singular value decomposition, beside PEFT. */
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../binder/setup.mjs";
import { LinePeer, peersPython } from "./peers.mjs";

const require = createRequire(join(root, "kernel", "package.json"));
const WIDTH = 768;
const ROUNDS = 5;
const TYPES = ["ties_svd", "magnitude_prune_svd"];

export async function combine() {
  const rows = [];
  for (const type of TYPES) rows.push(await measure(type));
  return {
    title: "Combinations",
    note: `Two adapters of rank 8 on a layer of ${WIDTH} x ${WIDTH} combined at rank 8, milliseconds, median of ${ROUNDS} rounds by turns.`,
    rows: rows.map(({ type, own, peer }) => ({
      combination: type,
      "PEFT ms": peer.toFixed(0),
      "Fovea ms": own.toFixed(0),
      ratio: (own / peer).toFixed(2),
    })),
    summary: rows.map(({ type, own, peer }) => ({
      what: `two adapters combined by ${type}, ${WIDTH} x ${WIDTH}`,
      Fovea: `${own.toFixed(0)} ms`,
      peer: `PEFT ${peer.toFixed(0)} ms`,
      ratio: (own / peer).toFixed(2),
    })),
  };
}

async function measure(type) {
  const { lora, nn } = require("fovea");
  await nn.start("native");
  const folder = mkdtempSync(join(tmpdir(), "fovea-bench-"));
  const peer = new LinePeer(await peersPython(), "combine.py", [folder, String(WIDTH), type]);
  try {
    // The adapters are written before the first answer.
    await peer.step();
    class Model extends nn.Module {
      proj = new nn.Linear(WIDTH, WIDTH);
    }
    const { adapters } = await lora.load(new Model(), folder, { adapter: "first" });
    await adapters.load(folder, { adapter: "second" });
    const times = { own: [], peer: [] };
    for (let round = 0; round < ROUNDS; round++) {
      times.peer.push((await peer.step()).ms);
      const start = performance.now();
      await adapters.combine(`merged${round}`, { first: 0.7, second: 1.3 }, { type, density: 0.5 });
      times.own.push(performance.now() - start);
    }
    return { type, own: median(times.own), peer: median(times.peer) };
  } finally {
    peer.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
