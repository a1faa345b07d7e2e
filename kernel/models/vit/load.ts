import { checkArguments } from "../../rules/arguments";
import { startTfjs } from "../../backend/tfjs";
import { existsSync, readFileSync } from "../../platform/files";
import { join } from "../../platform/path";
import { readSafetensors } from "../../safetensors/safetensors";
import { INDEX, readSharded } from "../../safetensors/shards";
import type { SafetensorsTensor } from "../../safetensors/tensor";
import { ModelError } from "../error";
import type { VitConfig } from "./config";
import { configOfFile } from "./file-config";
import { LOAD_NAMES, type LoadVitStateOptions, loadVitState, type VitLoadReport } from "./state";
import { VisionTransformer } from "./vit";
import { checkOptionNames } from "../../rules/option-names";
import { isRecord, parseJson } from "../../rules/json-text";

/** Options of {@link loadVit}. */
export interface LoadVitOptions extends LoadVitStateOptions {
  /** Keys that win over the file's configuration; all of it for a file without one. Default: none. */
  config?: VitConfig;
}

/** Vision transformer with the report of its file. */
export interface LoadedVit {
  model: VisionTransformer;
  report: VitLoadReport;
}

const FN = "models.loadVit";

/**
 * Loads a vision transformer as timm or transformers saves it: a folder with `config.json` and `model.safetensors` or shards with
 * `model.safetensors.index.json`, or a safetensors file or index whose configuration is given. Starts the default device where none was started.
 *
 * @throws ModelError for a missing file, or a configuration that is not computed here
 * @throws NnError naming every missing, unexpected and misshaped tensor
 * @throws SafetensorsError for a file that breaks the format
 */
export async function loadVit(source: string, options: LoadVitOptions = {}): Promise<LoadedVit> {
  checkArguments("models.loadVit", ModelError, { source }, { source: "string" });
  checkOptionNames(FN, options, { ...LOAD_NAMES, config: true }, ModelError);
  const { config = {}, ...rest } = options;
  await startTfjs();
  const isFile = source.endsWith(".safetensors") || source.endsWith(INDEX);
  const path = isFile ? source : weightsIn(source);
  if (!existsSync(path)) throw new ModelError(FN, "model.safetensors must exist", path);
  const { tensors } = path.endsWith(INDEX) ? await readSharded(path) : await readSafetensors(path);
  const own = isFile ? {} : configOfFile(readConfig(join(source, "config.json")), FN);
  // Parameters that a file lacks keep their initial values.
  const weightInit = rest.strict === false ? "timm" : "skip";
  const model = new VisionTransformer({ ...own, numClasses: classesOf(tensors), weightInit, ...config });
  try {
    return { model: model.eval(), report: loadVitState(model, tensors, rest) };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** Returns the file with all weights of a folder, or where there is none the index of its shards. */
function weightsIn(folder: string): string {
  const [single, index] = [join(folder, "model.safetensors"), join(folder, `model${INDEX}`)];
  return existsSync(single) || !existsSync(index) ? single : index;
}

/** Returns the number of rows of a classifier in the file, 0 without one. */
function classesOf(tensors: ReadonlyMap<string, SafetensorsTensor>): number {
  const head = ["head.weight", "classifier.weight", "visual_projection.weight"].find((name) => tensors.has(name));
  return head === undefined ? 0 : (tensors.get(head)?.shape[0] ?? 0);
}

function readConfig(path: string): Record<string, unknown> {
  if (!existsSync(path)) throw new ModelError(FN, "config.json must lie beside the weights", path);
  try {
    const value: unknown = parseJson(readFileSync(path, "utf8"));
    if (isRecord(value)) return value as Record<string, unknown>;
  } catch (error) {
    throw new ModelError(FN, `config.json must hold JSON (${(error as Error).message})`, path);
  }
  throw new ModelError(FN, "config.json must hold a JSON object", path);
}
