#!/usr/bin/env node
/** The command `fovea`: a table of commands, each loaded only when it is asked for. */

interface Command {
  summary: string;
  load: () => Promise<(args: string[]) => void | Promise<void>>;
}

const COMMANDS: Record<string, Command> = {
  install: {
    summary: "install the kernelspec [--sys-prefix | --user | --prefix DIR] [--name NAME]",
    load: async () => (await import("./cli/kernelspec.js")).install,
  },
  status: {
    summary: "show where the kernelspec is installed and what it starts",
    load: async () => (await import("./cli/kernelspec.js")).status,
  },
  uninstall: {
    summary: "remove the kernelspec [--sys-prefix | --user | --prefix DIR] [--name NAME]",
    load: async () => (await import("./cli/kernelspec.js")).uninstall,
  },
  onnx: {
    summary: "inspect MODEL.onnx [--json]: blocks, shapes, what can be taken out",
    load: async () => (await import("./cli/onnx.js")).main,
  },
  extract: {
    summary: "--encoder E --images DIR|LIST --layers -1,-4 --out DIR: features of many images on disk",
    load: async () => (await import("./cli/extract.js")).main,
  },
  doctor: {
    summary: "try every device and say what is missing [--json]",
    load: async () => (await import("./cli/doctor.js")).main,
  },
  world: {
    summary: "write --layout coco|refcoco|dense|gqa --out DIR: the synthetic world as a data set; balance",
    load: async () => (await import("./cli/world.js")).main,
  },
  backend: {
    summary: "install tensorflow [--gpu] | cuda [--dry-run], uninstall NAME, list: large runtimes, on request",
    load: async () => (await import("./cli/backend.js")).main,
  },
  adapter: {
    summary: "inspect | convert | merge DIR|FILE: LoRA, DoRA and Dual-LoRA as PEFT stores them [--json]",
    load: async () => (await import("./cli/adapter.js")).main,
  },
  law: {
    summary:
      "fit | plan | policy [--table FILE.csv] | c-score --spair DIR --encoder E | a-score --images DIR --encoder E --reference R",
    load: async () => (await import("./cli/law/index.js")).main,
  },
};

function usage(): string {
  const rows = Object.entries(COMMANDS).map(([name, { summary }]) => `  fovea ${name.padEnd(10)} ${summary}`);
  return ["usage: fovea <command> [options]", "", ...rows, ""].join("\n");
}

async function main([name, ...args]: string[]): Promise<void> {
  if (name === undefined || name === "--help" || name === "help") {
    process.stdout.write(usage());
    return;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) throw new Error(`unknown command ${JSON.stringify(name)}\n\n${usage()}`);
  const { startedAnew } = await import("./cli/loader.js");
  if (startedAnew()) return;
  await (
    await command.load()
  )(args);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`fovea: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
