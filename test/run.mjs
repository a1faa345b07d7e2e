/** `npm test [-- suite … --cases=N]`: sets up what is missing, runs every suite and ends with one line `N passed, N failed`. */
import { AsyncLocalStorage } from "node:async_hooks";
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { bin, environment, fail, root, setup } from "../binder/setup.mjs";
import { peersPython } from "./bench/peers.mjs";
import { makeScalePython } from "./scale/python.mjs";

const NODE_TEST = ["--import", "tsx", "--test", "--test-reporter=spec"];

/**
 * Returns the test files of a folder below `test/`; the slow suites that need a whole JupyterLab are listed separately.
 */
function files(folder, skip = []) {
  return readdirSync(join(root, "test", folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".test.ts"))
    .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)))
    .filter((path) => !skip.some((name) => path.startsWith(join("test", name))));
}

const NOT_UNIT = ["backends", "browser", "fuzz", "install", "peft", "scale"];

const suites = {
  backends: () => nodeSuite(files("backends"), []),
  // Node's own default leaves one core idle, which is half of a machine with two.
  unit: () => nodeSuite(files(".", NOT_UNIT), [`--test-concurrency=${availableParallelism()}`]),
  fuzz: () => nodeSuite(files("fuzz"), [], { FOVEA_FUZZ_CASES: option("cases") }),
  conformance: () => pythonSuite("test/conformance"),
  notebooks: () => pythonSuite("test/notebooks"),
  peft: () => peftSuite(),
  scale: () => scaleSuite(),
  // Two of its files make wheels in one folder.
  install: () => nodeSuite(files("install"), ["--test-concurrency=1"]),
  browser: () => nodeSuite(files("browser"), ["--test-concurrency=1"]),
};

/** Value of `--name=value` on the command line, or an empty text. */
function option(name) {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`));
  return given ? given.slice(name.length + 3) : "";
}

/** Beside the real PEFT, in the Python of the benchmark's peers; where that cannot be made, its tests are skipped. */
async function peftSuite() {
  const python = await peersPython().catch((error) => {
    show(`no Python with torch, transformers and peft: ${error.message}\n`);
    return null;
  });
  return nodeSuite(files("peft"), [], python ? { FOVEA_PEERS_PYTHON: python } : {});
}

/** Engines and readers of other tools; what cannot be had here is skipped by its tests, which say why. */
async function scaleSuite() {
  try {
    makeScalePython();
  } catch (error) {
    show(`no Python with Ray, embedding-reader and webdataset: ${error.message}\n`);
  }
  return nodeSuite(files("scale"), []);
}

async function nodeSuite(paths, options, variables = {}) {
  const output = await run(process.execPath, [...NODE_TEST, ...options, ...paths], variables);
  const count = (word) => Number(output.text.match(new RegExp(`^\\S* ?${word} (\\d+)$`, "m"))?.[1] ?? 0);
  return settle(
    { passed: count("pass"), failed: count("fail") + count("cancelled"), skipped: count("skipped") },
    output.code,
  );
}

async function pythonSuite(folder) {
  const output = await run(bin("python"), ["-m", "unittest", "discover", "-v", "-s", folder, "-t", folder]);
  const total = Number(output.text.match(/^Ran (\d+) tests?/m)?.[1] ?? 0);
  const count = (word) => Number(output.text.match(new RegExp(`${word}=(\\d+)`))?.[1] ?? 0);
  const failed = count("failures") + count("errors");
  const skipped = count("skipped");
  return settle({ passed: Math.max(0, total - failed - skipped), failed, skipped }, output.code);
}

/** Counts a suite as failed that ended badly without naming a failed test, or ran nothing. */
function settle(result, code) {
  const silent = (code !== 0 && result.failed === 0) || result.passed + result.failed + result.skipped === 0;
  return silent ? { ...result, failed: result.failed + 1 } : result;
}

/** Suites that mostly wait, for a clock or another program, run side by side. */
const TOGETHER = [
  ["fuzz", "conformance"],
  ["scale", "install"],
];

/** Splits suites into groups that run one after the other. */
function groupsOf(names) {
  const groups = [];
  for (const name of names) {
    const own = TOGETHER.find((group) => group.includes(name)) ?? [name];
    const last = groups.at(-1);
    if (last && own.includes(last[0])) last.push(name);
    else groups.push([name]);
  }
  return groups;
}

/** Where the text of a suite goes: at once, or, of one beside another, when it ends. */
const sink = new AsyncLocalStorage();
const show = (text) => (sink.getStore() ?? process.stdout).write(text);

function run(command, args, variables = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      env: environment({
        NO_COLOR: "1",
        FOVEA_BACKENDS: process.env.FOVEA_BACKENDS || join(root, ".fovea", "backends"),
        ...variables,
      }),
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    const keep = (chunk) => {
      show(chunk);
      text += chunk;
    };
    child.stdout.setEncoding("utf8").on("data", keep);
    child.stderr.setEncoding("utf8").on("data", keep);
    child.on("error", reject);
    child.on("close", (code) => resolve({ text, code }));
  });
}

async function runSuite(name, isHeld) {
  const start = Date.now();
  const held = [];
  const result = await sink.run(isHeld ? { write: (text) => held.push(text) } : undefined, () => {
    show(`\n== ${name}\n`);
    return suites[name]();
  });
  process.stdout.write(held.join(""));
  const { passed, failed, skipped } = result;
  const seconds = ((Date.now() - start) / 1000).toFixed(0);
  return { result, line: `${name}: ${passed} passed, ${failed} failed, ${skipped} skipped in ${seconds} s` };
}

async function main() {
  const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
  const unknown = wanted.filter((name) => !(name in suites));
  if (unknown.length > 0)
    throw new Error(`npm test: no suite ${unknown.join(", ")}, there are ${Object.keys(suites).join(", ")}`);
  await setup();
  const total = { passed: 0, failed: 0, skipped: 0 };
  const lines = [];
  const names = Object.keys(suites).filter((name) => wanted.length === 0 || wanted.includes(name));
  const present = names.filter((name) => existsSync(join(root, "test", name)) || name === "unit");
  for (const group of groupsOf(present)) {
    const results = await Promise.all(group.map((name, i) => runSuite(name, i > 0)));
    for (const { result, line } of results) {
      for (const key of Object.keys(total)) total[key] += result[key];
      lines.push(line);
    }
  }
  process.stdout.write(`\n${lines.join("\n")}\n`);
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
  process.stdout.write(`${total.passed} passed, ${total.failed} failed${skipped}\n`);
  process.exitCode = total.failed === 0 ? 0 : 1;
}

main().catch(fail);
