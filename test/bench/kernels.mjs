/** Start-up, cells, memory and comms beside tslab, Deno and ipykernel. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bin, environment, prefix, root } from "../../binder/setup.mjs";
import { capture } from "./capture.mjs";
import { denoProgram } from "./peers.mjs";

const RUNS = 3;
const NAMES = { fovea: "Fovea", tslab: "tslab", deno: "Deno", ipykernel: "ipykernel" };
/** Whom a measure is compared with: the quickest to start, the one that checks types too, the one with comms. */
const RIVALS = [
  [/^kernel_info/, "deno"],
  [/comm|16 MB|completion|inspection/, "ipykernel"],
  // tslab stops answering before its 500th cell.
  [/^cell /, "ipykernel"],
  [/cell|memory/, "tslab"],
];
/** The rows of docs/benchmarks.md. */
const SUMMARY = {
  "kernel_info from spawn, ms": "spawn to kernel_info",
  "first cell from spawn, ms": "spawn to the end of the first typed cell",
  "trivial cell, ms": "trivial cell",
  "cell 500, ms": "cell 500 of a notebook",
  "cell of 200 lines, ms": "cell of 200 lines",
  "completion in a notebook of 100 cells, p95, ms":
    "completion in a notebook of 100 cells that imports the library, p95",
  "inspection there, p95, ms": "inspection there, p95",
  "comm messages in, 1/s": "comm messages to the kernel a second",
  "comm messages out, 1/s": "comm messages from the kernel a second",
  "16 MB there and back, ms": "16 MB to the kernel and back",
  "memory, files in common once, MiB": "memory of all processes",
};

export async function kernels() {
  const folder = mkdtempSync(join(tmpdir(), "fovea-bench-"));
  try {
    const results = await measure(folder, await denoProgram());
    return {
      title: "Kernels",
      note:
        `Medians of ${RUNS} starts in turn; comms: 10,000 small messages each way. Memory of a kernel's processes after 30 ` +
        "cells: as the sum of what ps shows, and with the pages of files that they share counted once. A buffer goes through two " +
        "processes of Fovea, by memory that they share, so that a crash of user code leaves the kernel alive, and through one of ipykernel.",
      rows: Object.keys(results.fovea).map((name) => row(name, results)),
      summary: Object.entries(SUMMARY).map(([name, what]) => summary(name, what, results)),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(folder, deno) {
  const installed = join(prefix(), "share", "jupyter", "kernels");
  const tslab = join(root, "node_modules", "tslab", "bin", "tslab");
  const specs = {
    fovea: join(installed, "fovea"),
    tslab: writeSpec(folder, "tslab", [process.execPath, tslab, "kernel", "--config-path", "{connection_file}"]),
    deno: writeSpec(folder, "deno", [deno, "jupyter", "--kernel", "--conn", "{connection_file}"]),
    ipykernel: join(installed, "python3"),
  };
  const script = join("test", "bench", "kernels.py");
  const args = Object.entries(specs).map(([name, directory]) => `${name}=${directory}`);
  const env = environment({ DENO_DIR: join(folder, "deno-dir"), DENO_NO_UPDATE_CHECK: "1" });
  return JSON.parse(await capture(bin("python"), [script, ...args, "--runs", String(RUNS)], { cwd: root, env }));
}

function writeSpec(folder, name, argv) {
  const directory = join(folder, name);
  mkdirSync(directory);
  const spec = { argv, display_name: name, language: "typescript" };
  writeFileSync(join(directory, "kernel.json"), JSON.stringify(spec));
  return directory;
}

const rivalOf = (measure) => RIVALS.find(([pattern]) => pattern.test(measure))[1];
const ratio = (measure, results) => (results.fovea[measure] / results[rivalOf(measure)][measure]).toFixed(2);

function shown(value) {
  if (value === null) return "no";
  return value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString("en-GB");
}

function row(measure, results) {
  const values = Object.entries(NAMES).map(([key, name]) => [name, shown(results[key][measure])]);
  const compared = `${ratio(measure, results)} of ${NAMES[rivalOf(measure)]}`;
  return { measure, ...Object.fromEntries(values), "Fovea is": compared };
}

function summary(measure, what, results) {
  const unit = /, (\w+)$/.exec(measure)?.[1] ?? "";
  const [own, rival] = [results.fovea[measure], results[rivalOf(measure)][measure]].map((value) =>
    `${shown(value)} ${unit}`.trim(),
  );
  return { what, Fovea: own, peer: `${NAMES[rivalOf(measure)]} ${rival}`, ratio: ratio(measure, results) };
}
