/** `fovea install | status | uninstall`. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseSpecOptions, searchPath } from "./places";
import { parseJson } from "../rules/json-text";
import { makeSnapshot } from "../jupyter/start-snapshot";

const PACKAGE = join(__dirname, "..", "..");
const LOGOS = join(PACKAGE, "jupyter", "kernelspec");
const MAIN = join(PACKAGE, "dist", "jupyter", "main.js");

interface KernelSpec {
  argv: string[];
  display_name: string;
}

/**
 * Returns the content of `kernel.json`. Message interrupts work in JupyterLab, nbclient and by hand, and never kill a
 * process.
 */
export function kernelSpec(): Record<string, unknown> {
  return {
    argv: [process.execPath, MAIN, "{connection_file}"],
    display_name: "Fovea (TypeScript)",
    language: "typescript",
    interrupt_mode: "message",
    env: {},
    metadata: { debugger: false },
  };
}

/**
 * Writes the kernelspec beside its place and moves it there, so that no front end sees half of one.
 *
 * @throws Error where the kernel is not built
 */
export function install(args: string[]): void {
  const { kernels, name } = parseSpecOptions("install", args);
  if (!existsSync(MAIN))
    throw new Error(`install: the kernel is not built, ${MAIN} is missing; run npm run build:kernel`);
  mkdirSync(kernels, { recursive: true });
  const staging = mkdtempSync(join(kernels, ".fovea-"));
  const target = join(kernels, name);
  try {
    const spec = join(staging, "spec");
    cpSync(LOGOS, spec, { recursive: true });
    writeFileSync(join(spec, "kernel.json"), JSON.stringify(kernelSpec(), null, 2) + "\n");
    if (existsSync(target)) renameSync(target, join(staging, "old"));
    renameSync(spec, target);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  process.stdout.write(`installed kernelspec ${name} in ${target}\n`);
  makeSnapshot();
}

/** Prints the installed kernelspecs. */
export function status(args: string[]): void {
  const { kernels, name } = parseSpecOptions("status", args);
  const folders = [...new Set([kernels, ...searchPath()])];
  const found = folders.map((folder) => join(folder, name)).filter((folder) => existsSync(join(folder, "kernel.json")));
  if (found.length === 0) {
    process.stdout.write(`kernelspec ${name} is not installed; looked in\n  ${folders.join("\n  ")}\n`);
    process.exitCode = 1;
    return;
  }
  for (const folder of found) process.stdout.write(`${describeSpec(folder)}\n`);
}

/**
 * Removes the kernelspec.
 *
 * @throws Error where there is no such kernelspec
 */
export function uninstall(args: string[]): void {
  const { kernels, name } = parseSpecOptions("uninstall", args);
  const target = join(kernels, name);
  if (!existsSync(join(target, "kernel.json"))) throw new Error(`uninstall: no kernelspec ${name} in ${kernels}`);
  rmSync(target, { recursive: true });
  process.stdout.write(`removed ${target}\n`);
}

function describeSpec(folder: string): string {
  const spec = parseJson(readFileSync(join(folder, "kernel.json"), "utf8")) as Partial<KernelSpec>;
  const argv = spec.argv ?? [];
  const missing = argv.filter((part) => part.startsWith("/") && !existsSync(part));
  const state = missing.length === 0 ? "ok" : `broken: ${missing.join(", ")} does not exist; run fovea install again`;
  return `${folder}\n  ${spec.display_name ?? "(no display name)"}: ${argv.join(" ")}\n  ${state}`;
}
