/**
 * `node --import tsx test/fuzz/arguments.ts [--only=law.fit] [--depth=0]`: calls every public function and class with arguments that the
 * compiler would take, but for one place that holds something else, and lists the errors that are none of the library's. `--only` is a
 * regular expression of names; places lie up to `--depth` keys or items inside of an argument, 2 where it is missing.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { pathToFileURL } from "node:url";
import ts from "typescript";
import { type PublicFunction, publicFunctions } from "./shapes.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const KERNEL = join(ROOT, "kernel");
/** A function that takes longer than this, in milliseconds, never ends. */
const HANG_MS = 300_000;

/** Line from the process that makes the calls. */
interface Report {
  begin?: string;
  end?: true;
  name?: string;
  where?: string;
  error?: string;
}

const option = (name: string, fallback: string): string =>
  process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3) ?? fallback;

function everyFunction(): PublicFunction[] {
  const path = join(KERNEL, "tsconfig.json");
  const config = ts.parseJsonConfigFileContent(ts.readConfigFile(path, ts.sys.readFile).config, ts.sys, KERNEL);
  const index = join(KERNEL, "index.ts");
  return publicFunctions(ts.createProgram([index], config.options), index);
}

/** Starts the calls in an empty folder without a network's hub. */
function start(folder: string): ChildProcess {
  const loader = pathToFileURL(join(ROOT, "node_modules", "tsx", "dist", "loader.mjs")).href;
  const env = { ...process.env, HF_HUB_OFFLINE: "1", HF_HUB_CACHE: folder, HOME: folder };
  return spawn(process.execPath, ["--import", loader, join(import.meta.dirname, "arguments-child.ts")], {
    cwd: folder,
    stdio: ["ignore", "ignore", "ignore", "pipe", "ipc"],
    env: { ...env, FOVEA_SWEEP_DEPTH: option("depth", "2") },
  });
}

/** Calls functions in one process until it ends; returns those that are left, behind one that hangs or ends the process. */
async function runProcess(functions: readonly PublicFunction[], found: Report[]): Promise<readonly PublicFunction[]> {
  const folder = mkdtempSync(join(tmpdir(), "fovea-arguments-"));
  const child = start(folder);
  let [now, isDone] = ["", false];
  let watch = setTimeout(() => child.kill("SIGKILL"), HANG_MS);
  createInterface(child.stdio[3] as Readable).on("line", (line) => {
    const report = JSON.parse(line) as Report;
    if (report.end) isDone = true;
    else if (report.begin === undefined) found.push(report);
    else {
      now = report.begin;
      clearTimeout(watch);
      watch = setTimeout(() => child.kill("SIGKILL"), HANG_MS);
    }
  });
  const ended = new Promise<string>((resolve) =>
    child.once("close", (code, signal) => resolve(signal ? "does not end" : `ends the process with ${code}`)),
  );
  child.send(functions);
  const how = await ended;
  clearTimeout(watch);
  rmSync(folder, { recursive: true, force: true });
  if (isDone) return [];
  found.push({ name: now, where: "?", error: how });
  return functions.slice(functions.findIndex(({ name }) => name === now) + 1);
}

async function main(): Promise<void> {
  const only = new RegExp(option("only", ""));
  const functions = everyFunction().filter(({ name }) => only.test(name));
  const found: Report[] = [];
  for (let left: readonly PublicFunction[] = functions; left.length > 0;) left = await runProcess(left, found);
  const groups = new Map<string, string[]>();
  for (const { name, where = "", error } of found) {
    const key = `${name}: ${error}`;
    groups.set(key, [...(groups.get(key) ?? []), where]);
  }
  for (const [key, places] of groups) console.log(`${key}\n    ${places.length} times, first at ${places[0]}`);
  const names = new Set(found.map(({ name }) => name));
  console.log(
    `${functions.length} functions and classes, ${names.size} of them with errors that are not the library's`,
  );
}

void main();
