import { createHash } from "node:crypto";
import { createReadStream, type Dirent, existsSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { DeviceError } from "../types";
import { mustRun } from "./program";
import type { NpmPackage, Wheel } from "./recipes";

/** Receives the number of bytes of the current download. */
export type Fetched = (bytes: number) => void;

/** Fetches a wheel into `folder` with pip under the user's configuration; an existing one is kept. */
export async function fetchWheel(python: string, wheel: Wheel, folder: string, onBytes: Fetched): Promise<string> {
  const path = join(folder, wheel.file);
  if (await hasHash(path, "sha256", "hex", wheel.sha256)) return path;
  rmSync(path, { force: true });
  const part = join(folder, "part");
  await mkdir(part, { recursive: true });
  const requirements = join(part, "requirements.txt");
  writeFileSync(requirements, requirementOf(wheel));
  await mustRun(
    `pip must fetch ${wheel.file} (check the network, a proxy, pip config list)`,
    python,
    pipArguments(wheel, folder, requirements),
    {
      cwd: part,
      // pip writes below TMPDIR during a download: its progress is visible there, and a small temporary folder cannot
      // make it fail.
      env: { ...process.env, TMPDIR: part },
      onTick: () => onBytes(sizeOf(part)),
    },
  );
  rmSync(part, { recursive: true, force: true });
  if (!existsSync(path)) throw new DeviceError("backend install", `pip must fetch ${wheel.file}`, readdirSync(folder));
  onBytes(wheel.bytes);
  return path;
}

const requirementOf = ({ file, sha256 }: Wheel): string => {
  const [name, version] = file.split("-");
  return `${name.replaceAll("_", "-")}==${version} --hash=sha256:${sha256}\n`;
};

function pipArguments({ file }: Wheel, folder: string, requirements: string): string[] {
  const [python, abi, platforms] = file
    .replace(/\.whl$/, "")
    .split("-")
    .slice(-3);
  const version = /^cp3(\d+)$/.exec(python)?.[1] ?? "12";
  return [
    "-m",
    "pip",
    "download",
    "--quiet",
    "--no-deps",
    "--no-cache-dir",
    "--disable-pip-version-check",
    "--only-binary=:all:",
    "--require-hashes",
    "--dest",
    folder,
    "-r",
    requirements,
    "--implementation",
    "cp",
    "--python-version",
    `3.${version}`,
    "--abi",
    abi,
    ...platforms.split(".").flatMap((platform) => ["--platform", platform]),
  ];
}

/** Fetches a tarball into `folder` with npm under the user's configuration. None of it is executed. */
export async function fetchPackage(npm: string, pack: NpmPackage, folder: string): Promise<string> {
  const { name, version, integrity } = pack;
  const path = join(folder, `${name.replace("@", "").replace("/", "-")}-${version}.tgz`);
  const [algorithm, hash] = [integrity.slice(0, integrity.indexOf("-")), integrity.slice(integrity.indexOf("-") + 1)];
  if (await hasHash(path, algorithm, "base64", hash)) return path;
  const args = ["pack", `${name}@${version}`, "--pack-destination", folder, "--ignore-scripts", "--silent"];
  await mustRun(`npm must fetch ${name}@${version} (check the network, a proxy, npm config list)`, npm, args, {
    cwd: folder,
  });
  if (await hasHash(path, algorithm, "base64", hash)) return path;
  throw new DeviceError("backend install", `${name}@${version} must have the integrity ${integrity}`, path);
}

async function hasHash(path: string, algorithm: string, encoding: "hex" | "base64", wanted: string): Promise<boolean> {
  if (!existsSync(path)) return false;
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest(encoding) === wanted;
}

/** Returns the size of a folder whose files may change during the count. */
function sizeOf(folder: string): number {
  let bytes = 0;
  for (const entry of entriesOf(folder)) {
    const path = join(folder, entry.name);
    bytes += entry.isDirectory() ? sizeOf(path) : (statSync(path, { throwIfNoEntry: false })?.size ?? 0);
  }
  return bytes;
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
