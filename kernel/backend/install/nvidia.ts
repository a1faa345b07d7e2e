import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nvidiaFolder } from "./places";
import type { Wheel, Workshop } from "./recipes";
import { unpack } from "./unpack";

const SOURCE = "wheel.txt";

/**
 * Installs a recipe's NVIDIA libraries in the folder that all backends share, one folder per wheel; an existing version
 * is kept. Links the backend's `nvidia` to them, where TensorFlow searches.
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

/** Returns `cublas` of `nvidia_cublas_cu12-12.9.3.13-…`: the folder inside the wheel, where TensorFlow searches. */
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
