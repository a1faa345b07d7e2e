/** Tars, a plan of them and the command line, for the tests of engines. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { packTar } from "modern-tar";
import type { PartRecord } from "../../kernel/features/index.ts";
import { encodePng } from "../../kernel/view/draw/png.ts";

export const ROOT = resolve(import.meta.dirname, "..", "..");
export const CLI = join(ROOT, "kernel", "dist", "cli.js");
export const ENCODER = "zoo/untrained-hybrid";

export function png(seed: number, side = 40): Uint8Array {
  const data = Uint8Array.from({ length: 3 * side * side }, (_, i) => (i * (7 + (seed % 97)) + seed * 31) % 256);
  return encodePng({ data, width: side, height: side, channels: 3 });
}

/** Writes tars `000.tar`, … with `perTar` pictures each, and returns their pattern. */
export async function writeTars(folder: string, tars: number, perTar: number): Promise<string> {
  mkdirSync(folder, { recursive: true });
  for (let tar = 0; tar < tars; tar++) {
    const entries = Array.from({ length: perTar }, (_, i) => {
      const body = png(tar * perTar + i);
      const name = `${String(i).padStart(4, "0")}.png`;
      return { header: { name, size: body.length, mtime: new Date(0) }, body };
    });
    writeFileSync(join(folder, `${String(tar).padStart(3, "0")}.tar`), await packTar(entries));
  }
  return join(folder, `{000..${String(tars - 1).padStart(3, "0")}}.tar`);
}

/** Runs the command `fovea`. */
export function fovea(args: string[], env: NodeJS.ProcessEnv = {}): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  return { code: status, out: stdout, err: stderr };
}

/** Plans an extraction and returns the plan's path. */
export function planTars(source: string, output: string, ...more: string[]): string {
  const { code, err } = fovea(["extract", "plan", source, "--encoder", ENCODER, "--output", output, ...more]);
  if (code !== 0) throw new Error(err);
  return output;
}

/** Content of a plan's parts by name: records without the time that a part took. */
export function contentOf(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true }).map(String).sort();
  const inParts = names.filter((name) => /^\d{6}[\\/]\d{9}[\\/]/.test(name));
  return new Map(
    inParts.map((name) => {
      const text = readFileSync(join(folder, name));
      if (!name.endsWith("part.json")) return [name, text.toString("base64")];
      const record = JSON.parse(text.toString("utf8")) as Partial<PartRecord>;
      delete record.took;
      return [name, JSON.stringify(record)];
    }),
  );
}
