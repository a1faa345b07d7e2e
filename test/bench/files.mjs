/** A safetensors file of many tensors, opened to read one, beside Python's `safetensors`. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../binder/setup.mjs";
import { capture } from "./capture.mjs";
import { peersPython } from "./peers.mjs";

const TENSORS = 200_000;
const ROUNDS = 5;

export async function files() {
  const folder = mkdtempSync(join(tmpdir(), "fovea-bench-"));
  try {
    const path = join(folder, "many.safetensors");
    writeFileSync(path, manyTensors());
    const { own, theirs } = await measure(path);
    const ratio = (own / theirs).toFixed(2);
    const [Fovea, peer] = [`${own.toFixed(0)} ms`, `Python safetensors ${theirs.toFixed(0)} ms`];
    return {
      title: "Files",
      note: `A safetensors file of ${TENSORS.toLocaleString("en-GB")} tensors: open it and read one. The first time in a new process, median of ${ROUNDS} by turns.`,
      rows: [{ measure: "open and read one tensor", Fovea, peer, ratio }],
      summary: [
        { what: `safetensors of ${TENSORS.toLocaleString("en-GB")} tensors: open, read one`, Fovea, peer, ratio },
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Names as those of a language model's checkpoint. */
function manyTensors() {
  const entries = Array.from(
    { length: TENSORS },
    (_, i) => `"model.layers.${i}.weight":{"dtype":"F32","shape":[2],"data_offsets":[${8 * i},${8 * i + 8}]}`,
  );
  const header = Buffer.from(`{${entries.join(",")}}`);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.alloc(8 * TENSORS)]);
}

async function measure(path) {
  const python = await peersPython();
  const scripts = ["files-own.mjs", "files.py"].map((name) => join(root, "test", "bench", name));
  const times = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    times[0].push(Number(await capture(process.execPath, [scripts[0], path])));
    times[1].push(Number(await capture(python, [scripts[1], path])));
  }
  const [own, theirs] = times.map((each) => each.sort((a, b) => a - b)[ROUNDS >> 1]);
  return { own, theirs };
}
