/** `fovea adapter inspect | convert | merge`. */
import { parseArgs, type ParseArgsConfig } from "node:util";
import { most } from "../numeric";
import { type AdapterInspection, convert, type FloatDtype, inspect, mergeFile, writeAdapter } from "../lora";
import { start } from "../nn";
import { counted } from "../protocol/core/words";

const COMMANDS: Record<string, (args: string[]) => Promise<void>> = {
  inspect: inspectCommand,
  convert: convertCommand,
  merge: mergeCommand,
};

/**
 * Runs `fovea adapter` and returns its exit code.
 *
 * @throws Error for arguments that the usage does not allow
 */
export async function main([name = "", ...args]: string[]): Promise<void> {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) {
    const names = Object.keys(COMMANDS).join(", ");
    throw new Error(`adapter: the command must be one of ${names}, received ${JSON.stringify(name)}`);
  }
  await command(args);
}

/** Accepted differences from PEFT's form, for all three commands. */
const READING = {
  adapter: { type: "string" },
  "add-prefix": { type: "boolean" },
  "adapter-name": { type: "string" },
  "authors-names": { type: "boolean" },
  "strip-wrappers": { type: "boolean" },
} as const satisfies ParseArgsConfig["options"];

interface ReadingValues {
  adapter?: string;
  "add-prefix"?: boolean;
  "adapter-name"?: string;
  "authors-names"?: boolean;
  "strip-wrappers"?: boolean;
}

function readingOf(values: ReadingValues) {
  return {
    adapter: values.adapter,
    addPrefix: values["add-prefix"],
    adapterName: values["adapter-name"],
    authorsNames: values["authors-names"],
    stripWrappers: values["strip-wrappers"],
  };
}

function oneOf(command: string, positionals: string[]): string {
  if (positionals.length === 1) return positionals[0];
  throw new Error(`adapter ${command}: one DIR or FILE.safetensors is needed, received ${positionals.length}`);
}

async function inspectCommand(args: string[]): Promise<void> {
  const options = { ...READING, json: { type: "boolean" } } as const;
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  const seen = await inspect(oneOf("inspect", positionals), readingOf(values));
  process.stdout.write(values.json ? `${JSON.stringify(seen, null, 2)}\n` : `${lines(seen).join("\n")}\n`);
}

function lines({ type, rank, alpha, scaling, modules, saved, parameters, dtypes }: AdapterInspection): string[] {
  const scale = alpha === null ? "no adapter_config.json beside it" : `alpha ${alpha}, scaling ${scaling}`;
  const width = most(modules.map(({ name }) => name.length));
  return [
    `${type}, rank ${rank}, ${scale}`,
    `${counted(modules.length, "layer")}, ${parameters.toLocaleString("en-US")} parameters, ${dtypes.join(", ")}`,
    "",
    `${"layer".padEnd(width)}${["in", "out", "rank"].map((title) => title.padStart(8)).join("")}`,
    ...modules.map((one) => {
      const sizes = [one.in, one.out, one.rank].map((size) => String(size).padStart(8));
      return `${one.name.padEnd(width)}${sizes.join("")}`;
    }),
    ...(saved.length ? ["", `whole copies: ${saved.join(", ")}`] : []),
  ];
}

const DTYPES: Record<string, FloatDtype> = { f32: "F32", f16: "F16", bf16: "BF16" };

const KINDS = ["LORA", "DUAL_LORA"] as const;

async function convertCommand(args: string[]): Promise<void> {
  const text = { type: "string" } as const;
  const options = { ...READING, out: text, dtype: text, type: text };
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  const { out, dtype, type } = values;
  if (!out) throw new Error("adapter convert: --out DIR is needed");
  if (dtype !== undefined && !Object.hasOwn(DTYPES, dtype))
    throw new Error(`adapter convert: --dtype must be f32, f16 or bf16, received ${JSON.stringify(dtype)}`);
  const kind = KINDS.find((one) => one === type);
  if (type !== kind)
    throw new Error(`adapter convert: --type must be LORA or DUAL_LORA, received ${JSON.stringify(type)}`);
  const converting = { ...readingOf(values), type: kind, dtype: dtype === undefined ? undefined : DTYPES[dtype] };
  const file = await convert(oneOf("convert", positionals), converting);
  const place = await writeAdapter(out, file);
  process.stdout.write(`${file.config.peftType} with ${counted(file.tensors.size, "tensor")} written to ${place}\n`);
}

async function mergeCommand(args: string[]): Promise<void> {
  const text = { type: "string" } as const;
  const options = { ...READING, base: text, out: text };
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  const { base, out } = values;
  if (!base || !out)
    throw new Error(
      "adapter merge: --base FILE.safetensors (or a model's DIR, or the INDEX.json of shards) and --out are needed",
    );
  const adapter = oneOf("merge", positionals);
  await start();
  const { merged, replaced, warnings, copied } = await mergeFile(adapter, base, out, {
    ...readingOf(values),
    onProgress: progress,
  });
  for (const warning of warnings) process.stderr.write(`fovea adapter merge: ${warning}\n`);
  const copies = replaced.length ? `, ${replaced.length} replaced` : "";
  const beside = copied.length ? `, with ${copied.join(", ")}` : "";
  process.stdout.write(`${counted(merged.length, "tensor")} merged${copies}; written to ${out}${beside}\n`);
}

function progress({ done, total }: { done: number; total: number }): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${total} tensors${done === total ? "\n" : ""}`);
}
