import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nvidiaFolder } from "./places";
import type { Wheel } from "./recipes";
import type { Workshop } from "./install";
import { unpack } from "./unpack";

const SOURCE = "wheel.txt";

/**
 * Brings NVIDIA's libraries of a recipe to where all backends share them, one folder a wheel; the version that lies there
 * already is kept. Links `nvidia` of the backend to them, where TensorFlow looks.
 *
 * @returns folder and wheel of each
 */
export async function installNvidia(
  { recipe, python, target, scratch, say }: Workshop,
  fetch: (wheel: Wheel) => Promise<string>,
): Promise<Record<string, string>> {
  const parts: Record<string, string> = {};
  for (const wheel of recipe.nvidia) {
    const part = partOf(wheel);
    parts[part] = wheel.file;
    if (sourceOf(part) === wheel.file) continue;
    const path = await fetch(wheel);
    say(`unpacking ${wheel.file}`);
    const made = join(scratch, part);
    mkdirSync(made, { recursive: true });
    await unpack(python, path, made, /nvidia\/[^/]+\/((?:lib|bin|nvvm)\/.+)/);
    writeFileSync(join(made, SOURCE), wheel.file);
    place(made, part);
    rmSync(path);
  }
  if (recipe.nvidia.length) symlinkSync(join("..", "nvidia"), join(target, "nvidia"));
  return parts;
}

/** `cublas` of `nvidia_cublas_cu12-12.9.3.13-…`: the folder inside the wheel has this name, and TensorFlow looks for it. */
export function partOf({ file }: Wheel): string {
  return file.replace(/^nvidia_(.+?)(_cu\d+)?-.*$/, "$1");
}

function sourceOf(part: string): string | null {
  const path = join(nvidiaFolder(), part, SOURCE);
  return existsSync(path) ? readFileSync(path, "utf8") : null;
}

function place(made: string, part: string): void {
  const folder = join(nvidiaFolder(), part);
  mkdirSync(nvidiaFolder(), { recursive: true });
  rmSync(folder, { recursive: true, force: true });
  renameSync(made, folder);
}
