import * as nn from "../../nn";
import { toFloat32 } from "../../nn/floats";
import { writeSafetensors } from "../../safetensors/safetensors";
import type { SafetensorsTensor } from "../../safetensors/tensor";
import { ModelError } from "../error";
import { fromTimm, toTimm } from "./convert";
import { FAMILIES, namesOf, type VitNames } from "./families";
import { resampleTable } from "./positions";
import type { VisionTransformer } from "./vit";
import { checkOptionNames, type OptionNames } from "../../option-names";

/** Options of {@link loadVitState}. */
export interface LoadVitOptions {
  /** Refuse any change unless every name and shape agrees. Default true. */
  strict?: boolean;
  /** Spelling of the file. Default: recognized by its names. */
  names?: VitNames;
  /** Resample learned positions of another square grid, as timm does for another picture size. Default false. */
  resample?: boolean;
}

/** Names of the options of {@link loadVitState}. */
export const LOAD_NAMES: OptionNames<LoadVitOptions> = { strict: true, names: true, resample: true };

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
  options: LoadVitOptions = {},
): VitLoadReport {
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
  const table = toFloat32(stored);
  const patches = resampleTable(
    table.subarray(prefix * features),
    { side, rows, columns, features },
    model.config.posResample,
  );
  const data = new Float32Array(prefix * features + patches.length);
  data.set(table.subarray(0, prefix * features));
  data.set(patches, prefix * features);
  tensors.set("pos_embed", { dtype: "F32", shape: [1, own.shape[1], features], data });
}

/** Options of {@link vitState} and {@link saveVit}. */
export interface SaveVitOptions {
  /** Spelling of the names. Default `timm`. */
  names?: VitNames;
}

/**
 * Returns a model's weights as tensors for a safetensors file, under timm's or transformers' names.
 *
 * @throws ModelError naming the tensors that the spelling has no place for
 */
export async function vitState(
  model: VisionTransformer,
  options: SaveVitOptions = {},
): Promise<Map<string, SafetensorsTensor>> {
  checkOptionNames("models.vitState", options, { names: true }, ModelError);
  const { names = "timm" } = options;
  if (names !== "timm" && !Object.hasOwn(FAMILIES, names))
    throw new ModelError("models.vitState", `names must be timm, ${Object.keys(FAMILIES).join(", ")}`, names);
  return fromTimm(await nn.stateOf(model), names, model.config);
}

/**
 * Writes a model's weights as a safetensors file, under timm's or transformers' names; a half-written file never stands in its
 * place.
 *
 * @throws ModelError naming the tensors that the spelling has no place for
 */
export async function saveVit(model: VisionTransformer, path: string, options: SaveVitOptions = {}): Promise<void> {
  await writeSafetensors(path, await vitState(model, options), { format: "pt" });
}
