/** `fovea backend install | uninstall | list`. */
import { parseArgs } from "node:util";
import {
  BACKEND_NAMES,
  type BackendName,
  backendsFolder,
  installBackend,
  type InstallProgress,
  listInstalled,
  type Recipe,
  RECIPES,
  removeInstalled,
} from "../backend/install";
import { usageOf } from "./usage";

/**
 * Runs `fovea backend`.
 *
 * @throws Error for arguments that the usage does not allow
 */
export async function main([name = "", ...args]: string[]): Promise<void> {
  const commands: Record<string, (args: string[]) => void | Promise<void>> = { install, uninstall, list, status: list };
  if (!Object.hasOwn(commands, name))
    throw new Error(
      `backend: the command must be install, uninstall or list, received ${JSON.stringify(name)}\n\n${usageOf(["backend"])}`,
    );
  await commands[name](args);
}

async function install(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    options: { gpu: { type: "boolean" }, "dry-run": { type: "boolean" }, json: { type: "boolean" } },
    allowPositionals: true,
  });
  const name = backendName(positionals, values.gpu);
  if (values["dry-run"]) return print(values.json, RECIPES[name], planLines);
  const unproved = await installBackend(name, { onProgress: progressPrinter() });
  process.stderr.write(`${name} is installed in ${backendsFolder()}\n`);
  if (unproved !== null) process.stderr.write(`not proved on this machine: ${unproved}\n`);
}

function uninstall(args: string[]): void {
  const { values, positionals } = parseArgs({ args, options: { gpu: { type: "boolean" } }, allowPositionals: true });
  const name = backendName(positionals, values.gpu);
  process.stderr.write(`${name} is removed, ${size(removeInstalled(name))} are free again\n`);
}

function list(args: string[]): void {
  const { values } = parseArgs({ args, options: { json: { type: "boolean" } } });
  print(values.json, { folder: backendsFolder(), backends: listInstalled() }, ({ folder, backends }) => [
    folder,
    ...(backends.length ? [] : ["nothing is installed"]),
    ...backends.map(({ name, bytes, nvidiaBytes, versions }) => {
      const parts = Object.entries(versions).map(([part, version]) => `${part} ${version}`);
      const shared = nvidiaBytes ? ` + ${size(nvidiaBytes)} of NVIDIA's` : "";
      return `${name.padEnd(16)}${size(bytes)}${shared}  ${parts.join(", ")}`;
    }),
  ]);
}

function backendName(positionals: string[], gpu = false): BackendName {
  const [word] = positionals;
  const name = gpu && word === "tensorflow" ? "tensorflow-gpu" : word;
  const found = BACKEND_NAMES.find((one) => one === name);
  if (positionals.length === 1 && found && (!gpu || found === "tensorflow-gpu")) return found;
  throw new Error(
    `backend: NAME must be one of ${BACKEND_NAMES.join(", ")}, received ${JSON.stringify(positionals.join(" "))}`,
  );
}

function planLines({ wheel, nvidia, packages, platforms, diskBytes }: Recipe): string[] {
  const wheels = [wheel, ...nvidia];
  const total = [...wheels, ...packages].reduce((sum, { bytes }) => sum + bytes, 0);
  return [
    `for ${platforms.join(", ")}, into ${backendsFolder()}`,
    ...wheels.map(({ file, bytes }) => `${size(bytes).padStart(9)}  ${file}`),
    ...packages.map(({ name, version, bytes }) => `${size(bytes).padStart(9)}  ${name}@${version}`),
    `${size(total).padStart(9)}  to fetch, room for ${size(diskBytes)} is needed meanwhile`,
  ];
}

/** Prints one line per step; on a terminal the line of a download counts up. */
function progressPrinter(): (progress: InstallProgress) => void {
  let last = "";
  return ({ step, bytes, total }) => {
    if (process.stderr.isTTY && bytes !== undefined && total) {
      process.stderr.write(
        `\r${step}  ${Math.floor((100 * bytes) / total)} % of ${size(total)}${bytes === total ? "\n" : ""}`,
      );
    } else if (step !== last) process.stderr.write(`${step}${total ? `  ${size(total)}` : ""}\n`);
    last = step;
  };
}

function size(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(2)} GB`;
  return bytes >= 1e6 ? `${Math.round(bytes / 1e6)} MB` : `${Math.ceil(bytes / 1e3)} kB`;
}

function print<T>(json: boolean | undefined, value: T, lines: (value: T) => string[]): void {
  process.stdout.write(json ? `${JSON.stringify(value, null, 2)}\n` : `${lines(value).join("\n")}\n`);
}
