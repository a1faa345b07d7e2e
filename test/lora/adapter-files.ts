/** Adapters in a folder that goes away with the test file: of our own, and copies of PEFT's to spoil. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import * as safetensors from "../../kernel/safetensors";
import { Model, randomize } from "./model.ts";
import { lora } from "./names.ts";

export const golden = join(import.meta.dirname, "golden", "peft");
export const folder = mkdtempSync(join(tmpdir(), "fovea-lora-"));
after(() => rmSync(folder, { recursive: true }));

export const bytesOf = (place: string): Buffer[] =>
  readdirSync(place)
    .sort()
    .map((name) => readFileSync(join(place, name)));

/** An adapter of our own on disk. */
export async function written(name: string, options: lora.AdapterOptions): Promise<string> {
  const model = new Model();
  const adapters = lora.attach(model, options);
  randomize(adapters);
  const place = await adapters.save(join(folder, name));
  adapters.detach();
  model.dispose();
  return place;
}

/** A copy of a fixture that a test may spoil. */
export function copyOf(name: string, as: string): string {
  const place = join(folder, as);
  cpSync(join(golden, name), place, { recursive: true });
  return place;
}

export function edit(place: string, change: (tensors: Map<string, safetensors.SafetensorsTensor>) => void): void {
  const path = join(place, "adapter_model.safetensors");
  const { tensors, metadata } = safetensors.parse(readFileSync(path));
  change(tensors);
  writeFileSync(path, safetensors.encode(tensors, metadata));
}

export function configure(place: string, change: object): void {
  const path = join(place, "adapter_config.json");
  writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, "utf8")) as object), ...change }));
}
