import { checkArguments } from "../rules/arguments";
import { toTimm } from "../models/vit/convert";
import { namesOf, type VitNames } from "../models/vit/families";
import { loadVitState, type VitLoadReport } from "../models/vit/state";
import type { SafetensorsTensor } from "../safetensors/tensor";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { SakError } from "./error";
import type { Sak } from "./model";

/** Options of {@link loadStem}. */
export interface LoadStemOptions {
  /** Spelling of the file. Default: recognized by its names. */
  names?: VitNames;
  /** Resample learned positions of another square grid. Default true. */
  resample?: boolean;
}

const NAMES: OptionNames<LoadStemOptions> = { names: true, resample: true };

/** Parts of a vision transformer after its blocks, which a stem lacks. */
const AFTER_BLOCKS = /^(norm|fc_norm|head|head_dist|attn_pool)\./;

/**
 * Starts a student's stem from the weights of a vision transformer, as the paper does; its final norm and heads are left out
 * and named as `ignored`.
 *
 *     sak.loadStem(model, (await safetensors.read("model.safetensors")).tensors);
 *
 * @throws SakError for names of an unknown spelling
 * @throws NnError naming every missing, unexpected and misshaped tensor; nothing has changed then
 */
export function loadStem(
  model: Sak,
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  options: LoadStemOptions = {},
): VitLoadReport {
  checkArguments("sak.loadStem", SakError, { model, tensors }, { model: "module", tensors: "map" });
  checkOptionNames("sak.loadStem", options, NAMES, SakError);
  const { names = namesOf(tensors.keys()) ?? undefined, resample = true } = options;
  if (!names)
    throw new SakError("sak.loadStem", "names must be those of timm or transformers", [...tensors.keys()].slice(0, 4));
  const { tensors: converted, ignored } = toTimm(tensors, names, model.stem.config);
  const after = [...converted.keys()].filter((name) => AFTER_BLOCKS.test(name));
  for (const name of after) converted.delete(name);
  const report = loadVitState(model.stem, converted, { names: "timm", resample });
  return { ...report, names, ignored: [...ignored, ...after] };
}
