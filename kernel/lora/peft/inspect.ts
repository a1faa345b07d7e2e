import { checkArguments } from "../../rules/arguments";
import { product } from "../../numeric";
import { readSafetensorsHeader } from "../../safetensors/safetensors";
import { existsSync } from "../../platform/files";
import { dirname, join } from "../../platform/path";
import type { PeftType } from "../config";
import { describeFile, guessConfig, ownScaling } from "./describe";
import { CONFIG_FILE, MODEL_FILE, placeOf, READ_NAMES, readConfig, type ReadAdapterOptions } from "./file";
import { LoraError } from "../error";
import { standardKeys } from "./keys";
import { checkOptionNames } from "../../rules/option-names";

/** Description of an adapter on disk, without its values. */
export interface AdapterInspection {
  type: PeftType;
  /** Rank of the configuration; layers have theirs in `modules`. */
  rank: number;
  /** Alpha; null where no configuration lies beside the file. */
  alpha: number | null;
  scaling: number | null;
  /** Adapted layers by their names in the base model; for an embedding, `in` is its number of entries. */
  modules: { name: string; in: number; out: number; rank: number }[];
  /** Tensors stored as a whole copy, such as `modules_to_save`. */
  saved: string[];
  /** Number of values in all tensors. */
  parameters: number;
  /** Element types of the tensors. */
  dtypes: string[];
}

const FN = "lora.inspect";

/**
 * Describes an adapter; only headers are read.
 *
 * @param path the folder, or a safetensors file; without a configuration beside it the kind is guessed from the tensors
 * @throws LoraError, SafetensorsError for files that break their formats
 */
export async function inspect(path: string, options: ReadAdapterOptions = {}): Promise<AdapterInspection> {
  checkArguments("lora.inspect", LoraError, { path }, { path: "string" });
  checkOptionNames(FN, options, READ_NAMES, LoraError);
  const isFile = path.endsWith(".safetensors");
  const place = isFile ? dirname(path) : await placeOf(FN, path, options.adapter);
  const header = await readSafetensorsHeader(isFile ? path : join(place, MODEL_FILE));
  const tensors = standardKeys(FN, header.tensors, options);
  const known = existsSync(join(place, CONFIG_FILE));
  const config = known ? await readConfig(FN, place) : guessConfig(FN, tensors);
  const { layers, saved } = describeFile(FN, config, tensors);
  const entries = [...tensors.values()];
  return {
    type: config.peftType,
    rank: config.r,
    alpha: known ? config.loraAlpha : null,
    scaling: known ? ownScaling(config) : null,
    modules: [...layers].map(([name, one]) => ({ name, in: one.inFeatures, out: one.outFeatures, rank: one.r })),
    saved,
    parameters: entries.reduce((sum, { shape }) => sum + product(shape), 0),
    dtypes: [...new Set(entries.map(({ dtype }) => dtype))].sort(),
  };
}
