#!/usr/bin/env node
/** Command `fovea`: a table of commands, each loaded on request. */

import { asksForHelp, usageOf } from "./cli/usage";

type Main = (args: string[]) => void | Promise<void>;

const COMMANDS: Record<string, () => Promise<Main>> = {
  install: async () => (await import("./cli/kernelspec.js")).install,
  status: async () => (await import("./cli/kernelspec.js")).status,
  uninstall: async () => (await import("./cli/kernelspec.js")).uninstall,
  check: async () => (await import("./cli/check.js")).main,
  onnx: async () => (await import("./cli/onnx.js")).main,
  extract: async () => (await import("./cli/extract.js")).main,
  ground: async () => (await import("./cli/ground.js")).main,
  doctor: async () => (await import("./cli/doctor.js")).main,
  world: async () => (await import("./cli/world.js")).main,
  dense: async () => (await import("./cli/dense.js")).main,
  backend: async () => (await import("./cli/backend.js")).main,
  adapter: async () => (await import("./cli/adapter.js")).main,
  report: async () => (await import("./cli/report.js")).main,
  publish: async () => (await import("./cli/publish.js")).main,
  runs: async () => (await import("./cli/runs.js")).main,
  law: async () => (await import("./cli/law/index.js")).main,
};

async function main(args: string[]): Promise<void> {
  if (asksForHelp(args)) return void process.stdout.write(usageOf(args[0] === "help" ? args.slice(1) : args));
  const [name, ...rest] = args;
  if (["--version", "-V", "version"].includes(name)) return void process.stdout.write(`${await versionLine()}\n`);
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!load) throw new Error(`unknown command ${JSON.stringify(name)}\n\n${usageOf([])}`);
  const { startedAnew } = await import("./cli/loader.js");
  if (startedAnew()) return;
  const command = await load();
  await command(rest);
}

async function versionLine(): Promise<string> {
  const { VERSION } = await import("./jupyter/kernel-info.js");
  return `fovea ${VERSION} (Node ${process.versions.node})`;
}

/** Rewords Node's error for unknown options. */
function describe(error: unknown, args: string[]): string {
  if (!(error instanceof Error)) return String(error);
  const isOfOptions = "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
  return isOfOptions ? `${error.message}\n\n${usageOf(args)}`.trimEnd() : error.message;
}

/** Code of a shell for a program whose reader, as `head`, has ended before it. */
const READER_ENDED = 141;
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(READER_ENDED);
});

const args = process.argv.slice(2);
main(args).catch((error: unknown) => {
  process.stderr.write(`fovea: ${describe(error, args)}\n`);
  process.exitCode = 1;
});
