/** Start-up, first cell, trivial cell and memory beside tslab and ipykernel. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bin, environment, prefix, root } from "../../binder/setup.mjs";
import { capture } from "./capture.mjs";

const RUNS = 5;

export async function kernels() {
  const folder = mkdtempSync(join(tmpdir(), "fovea-bench-"));
  try {
    const shared = join(prefix(), "share", "jupyter", "kernels");
    const specs = [
      `fovea=${join(shared, "fovea")}`,
      `tslab=${tslabSpec(folder)}`,
      `ipykernel=${join(shared, "python3")}`,
    ];
    const script = join("test", "bench", "kernels.py");
    const text = await capture(bin("python"), [script, ...specs, "--runs", String(RUNS)], {
      cwd: root,
      env: environment(),
    });
    return {
      title: "Kernels",
      note: `Medians of ${RUNS} starts in turn; ratios are Fovea / tslab.`,
      rows: rowsOf(JSON.parse(text)),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function tslabSpec(folder) {
  const directory = join(folder, "tslab");
  mkdirSync(directory);
  const argv = [
    process.execPath,
    join(root, "node_modules", "tslab", "bin", "tslab"),
    "kernel",
    "--config-path",
    "{connection_file}",
  ];
  writeFileSync(
    join(directory, "kernel.json"),
    JSON.stringify({ argv, display_name: "tslab", language: "typescript" }),
  );
  return directory;
}

function rowsOf(results) {
  return Object.keys(results.fovea).map((measure) => {
    const values = Object.entries(results).map(([name, of]) => [
      name,
      of[measure].toFixed(measure.includes("trivial") ? 1 : 0),
    ]);
    return {
      measure,
      ...Object.fromEntries(values),
      ratio: (results.fovea[measure] / results.tslab[measure]).toFixed(2),
    };
  });
}
