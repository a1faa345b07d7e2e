import { checkArguments } from "../../rules/arguments";
import * as nn from "../../nn";
import { toFloat32 } from "../../nn/module/floats";
import { writeSharded } from "../../safetensors/shards";
import type { SafetensorsTensor } from "../../safetensors/tensor";
import { ModelError } from "../error";
import { fromTimm, toTimm } from "./convert";
import { FAMILIES, namesOf, type VitNames } from "./families";
import { resampleTable } from "./positions";
import type { VisionTransformer } from "./vit";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { joinFloats } from "../../numeric";

/** Options of {@link loadVitState}. */
export interface LoadVitStateOptions {
  /** Refuse any change unless every name and shape agrees. Default true. */
  strict?: boolean;
  /** Spelling of the file. Default: recognized by its names. */
  names?: VitNames;
  /** Resample learned positions of another square grid, as timm does for another picture size. Default false. */
  resample?: boolean;
}

/** Names of the options of {@link loadVitState}. */
export const LOAD_NAMES: OptionNames<LoadVitStateOptions> = { strict: true, names: true, resample: true };

/** Names that a file and a model do not share; the model's have timm's spelling. */
export interface VitLoadReport extends nn.LoadReport {
  /** Spelling of the file. */
  names: VitNames;
  /** Names in the file that have no place in such a model, as poolers and mask tokens. */
  ignored: string[];
}

/**
 * Assigns weights under timm's or transformers' names to a model. Floating types of any width are read.
 *
 * @throws ModelError for names of an unknown spelling
 * @throws NnError naming every missing, unexpected and misshaped tensor; nothing has changed then
 */
export function loadVitState(
  model: VisionTransformer,
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  options: LoadVitStateOptions = {},
): VitLoadReport {
  checkArguments("models.loadVitState", ModelError, { model, tensors }, { model: "module", tensors: "map" });
  checkOptionNames("models.loadVitState", options, LOAD_NAMES, ModelError);
  const { strict = true, names = namesOf(tensors.keys()), resample = false } = options;
  if (!names)
    throw new ModelError(
      "models.loadVitState",
      "names must be those of timm or transformers",
      [...tensors.keys()].slice(0, 4),
    );
  const { tensors: converted, ignored } = toTimm(tensors, names, model.config);
  if (resample) fitPositions(model, converted);
  return { ...nn.loadState(model, converted, { strict }), names, ignored };
}

/** Resamples learned positions to the model's grid where their number differs and their grid is square. */
function fitPositions(model: VisionTransformer, tensors: Map<string, SafetensorsTensor>): void {
  const [stored, own] = [tensors.get("pos_embed"), model.posEmbed];
  if (!stored || !own || stored.shape.length !== 3 || stored.shape[1] === own.shape[1]) return;
  const [rows, columns] = model.patchEmbed.gridSize;
  const [, count, features] = stored.shape;
  const prefix = own.shape[1] - rows * columns;
  const side = Math.sqrt(count - prefix);
  if (!Number.isInteger(side)) return;
  const table = toFloat32("models.loadVitState", stored);
  const patches = resampleTable(
    table.subarray(prefix * features),
    { side, rows, columns, features },
    model.config.posResample,
  );
  const data = joinFloats([table.subarray(0, prefix * features), patches]);
  tensors.set("pos_embed", { dtype: "F32", shape: [1, own.shape[1], features], data });
}

/** Options of {@link vitState}. */
export interface VitStateOptions {
  /** Spelling of the names. Default `timm`. */
  names?: VitNames;
}

/** Options of {@link saveVit}. */
export interface SaveVitOptions extends VitStateOptions {
  /** Largest number of bytes in one file: a larger model is written in shards with an index. Default: one file. */
  maxShardBytes?: number;
}

/**
 * Returns a model's weights as tensors for a safetensors file, under timm's or transformers' names.
 *
 * @throws ModelError naming the tensors that the spelling has no place for
 */
export async function vitState(
  model: VisionTransformer,
  options: VitStateOptions = {},
): Promise<Map<string, SafetensorsTensor>> {
  checkArguments("models.vitState", ModelError, { model }, { model: "module" });
  checkOptionNames("models.vitState", options, { names: true }, ModelError);
  const { names = "timm" } = options;
  if (names !== "timm" && !Object.hasOwn(FAMILIES, names))
    throw new ModelError("models.vitState", `names must be timm, ${Object.keys(FAMILIES).join(", ")}`, names);
  return fromTimm(await nn.stateOf(model), names, model.config);
}

/**
 * Writes a model's weights as a safetensors file, under timm's or transformers' names, or in shards with an index beside it; a
 * half-written file never stands in its place.
 *
 * @returns the file to read, which is `path` or the index
 * @throws ModelError naming the tensors that the spelling has no place for
 * @throws SafetensorsError for a path that does not end in `.safetensors`, or a bad limit
 */
export async function saveVit(model: VisionTransformer, path: string, options: SaveVitOptions = {}): Promise<string> {
  checkArguments("models.saveVit", ModelError, { model, path }, { model: "module", path: "string" });
  checkOptionNames("models.saveVit", options, { names: true, maxShardBytes: true }, ModelError);
  const { maxShardBytes, ...rest } = options;
  return writeSharded(path, await vitState(model, rest), { maxShardBytes, metadata: { format: "pt" } });
}
