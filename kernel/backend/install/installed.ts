import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { DeviceError } from "../types";
import { backendFolder, backendsFolder, nvidiaFolder } from "./places";
import { type BackendName, RECIPES } from "./recipes";

/** Manifest of an installed backend. */
export interface Installed {
  name: BackendName;
  versions: Record<string, string>;
  /** NVIDIA's libraries in use: folder below `nvidia`, and its wheel. */
  nvidia: Record<string, string>;
}

/** Installed backend with its size. */
export interface InstalledBackend extends Installed {
  folder: string;
  /** Bytes of its files, without NVIDIA's libraries, which backends share. */
  bytes: number;
  nvidiaBytes: number;
}

export const MANIFEST = "installed.json";
export const BACKEND_NAMES = Object.keys(RECIPES) as BackendName[];

/** Reads the installed backend of this name; null where it is absent or unfinished. */
export function readInstalled(name: BackendName): Installed | null {
  try {
    const text = readFileSync(join(backendFolder(name), MANIFEST), "utf8");
    const { versions, nvidia } = JSON.parse(text) as Partial<Installed>;
    return isTexts(versions) && isTexts(nvidia) ? { name, versions, nvidia } : null;
  } catch {
    return null;
  }
}

function isTexts(value: unknown): value is Record<string, string> {
  return typeof value === "object" && value !== null && Object.values(value).every((one) => typeof one === "string");
}

export function listInstalled(): InstalledBackend[] {
  return BACKEND_NAMES.map(readInstalled).flatMap((found) => (found ? [measured(found)] : []));
}

function measured(found: Installed): InstalledBackend {
  const folder = backendFolder(found.name);
  const nvidia = Object.keys(found.nvidia).map((part) => folderBytes(join(nvidiaFolder(), part)));
  return { ...found, folder, bytes: folderBytes(folder), nvidiaBytes: nvidia.reduce((a, b) => a + b, 0) };
}

/** Removes a backend, and NVIDIA's libraries that no other backend uses. Returns the freed bytes. */
export function removeInstalled(name: BackendName): number {
  const before = folderBytes(backendsFolder());
  const folder = backendFolder(name);
  if (!existsSync(folder)) {
    const there = BACKEND_NAMES.filter((one) => existsSync(backendFolder(one)));
    throw new DeviceError("backend uninstall", `installed are ${there.join(", ") || "none"}`, name);
  }
  // The manifest goes first: a half removed backend is not installed.
  rmSync(join(folder, MANIFEST), { force: true });
  rmSync(folder, { recursive: true, force: true });
  removeUnused();
  return before - folderBytes(backendsFolder());
}

function removeUnused(): void {
  const used = new Set(BACKEND_NAMES.flatMap((name) => Object.keys(readInstalled(name)?.nvidia ?? {})));
  const nvidia = nvidiaFolder();
  const parts = existsSync(nvidia) ? readdirSync(nvidia) : [];
  for (const part of parts) if (!used.has(part)) rmSync(join(nvidia, part), { recursive: true, force: true });
  if (parts.every((part) => !used.has(part))) rmSync(nvidia, { recursive: true, force: true });
}

/** Returns the size of a folder without following links, so that a backend's `nvidia` is not counted. */
export function folderBytes(folder: string): number {
  if (!existsSync(folder)) return 0;
  const files = readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile());
  return files.reduce((bytes, entry) => bytes + statSync(join(entry.parentPath, entry.name)).size, 0);
}
