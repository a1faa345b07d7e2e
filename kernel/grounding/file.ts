import { checkArguments } from "../rules/arguments";
import { startTfjs } from "../backend/tfjs";
import { isRecord, parseJson } from "../rules/json-text";
import { fullBeit3Config } from "../models/beit3/config";
import * as nn from "../nn";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { isFile } from "../platform/files";
import { readSafetensors, writeSafetensors } from "../safetensors/safetensors";
import { numberOfValues, type SafetensorsTensor } from "../safetensors/tensor";
import { checkBranch, fullHeadConfig, type GroundingBranch } from "./config";
import { GroundingError } from "./error";
import { type FullSimVgConfig, parameters, SimVg, type SimVgConfig } from "./model";

/** Options of {@link load}. */
export interface LoadSimVgOptions {
  /** Branches to load; `token` reads no weight of the decoder, which the file may lack. Default: those of the file. */
  branch?: GroundingBranch;
}

/** Options of {@link save}. */
export interface SaveSimVgOptions {
  /** Branches to write; `token` leaves the decoder out. Default: those of the model. */
  branch?: GroundingBranch;
}

const FORMAT = "fovea-simvg-1";
const [LOAD, SAVE] = ["grounding.load", "grounding.save"];
const NAMES: OptionNames<LoadSimVgOptions> = { branch: true };

/** Weights that a head of one branch lacks. */
const ABSENT: Readonly<Record<GroundingBranch, RegExp | null>> = {
  token: /^head\.decoder/,
  decoder: /^head\.token_/,
  both: null,
};

/**
 * Writes a model (SimVG, arXiv 2409.17531) with its configuration as a safetensors file; a half-written file never stands in its place.
 *
 * @throws GroundingError for a branch that the model lacks
 */
export async function save(model: SimVg, path: string, options: SaveSimVgOptions = {}): Promise<void> {
  checkArguments("grounding.save", GroundingError, { model, path }, { model: "module", path: "string" });
  checkOptionNames(SAVE, options, NAMES, GroundingError);
  const { encoder, head } = model.config;
  const branches = chosenBranch(SAVE, options.branch, head.branches);
  const state = kept(await nn.stateOf(model), branches);
  const config: SimVgConfig = { encoder: { ...encoder, weightInit: "normal" }, head: { ...head, branches } };
  await writeSafetensors(path, state, { format: FORMAT, config: JSON.stringify(config) });
}

/**
 * Loads a model that {@link save} wrote, in evaluation mode. Starts the default device where none was started.
 *
 * @throws GroundingError for a missing file, one of another kind, or a branch that it lacks
 * @throws NnError naming every missing, unexpected and misshaped tensor
 */
export async function load(path: string, options: LoadSimVgOptions = {}): Promise<SimVg> {
  checkOptionNames(LOAD, options, NAMES, GroundingError);
  await startTfjs();
  if (typeof path !== "string" || !isFile(path)) throw new GroundingError(LOAD, "the file must exist", path);
  const { tensors, metadata } = await readSafetensors(path);
  if (metadata.format !== FORMAT)
    throw new GroundingError(LOAD, `${path} must be a model that grounding.save wrote`, metadata.format);
  const { encoder = {}, head = {} } = readConfig(path, metadata.config);
  const branches = chosenBranch(LOAD, options.branch, fullHeadConfig(head).branches);
  const config: SimVgConfig = {
    encoder: { ...fullBeit3Config(encoder), weightInit: "skip" },
    head: { ...head, branches },
  };
  const own = kept(tensors, branches);
  checkNumber(path, config, own);
  const model = new SimVg(config);
  try {
    nn.loadState(model, own);
    return model.eval();
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** Refuses sizes far above what the file holds before anything is made of them. */
function checkNumber(path: string, config: SimVgConfig, tensors: ReadonlyMap<string, SafetensorsTensor>): void {
  const [total, stored] = [parameters(config), numberOfValues(tensors)];
  if (!(total <= 2 * stored))
    throw new GroundingError(LOAD, `${path} must hold the ${total} weights of its configuration`, stored);
}

function kept<T>(tensors: ReadonlyMap<string, T>, branches: GroundingBranch): Map<string, T> {
  const absent = ABSENT[branches];
  return new Map([...tensors].filter(([name]) => !absent?.test(name)));
}

function chosenBranch(fn: string, wanted: GroundingBranch | undefined, own: GroundingBranch): GroundingBranch {
  if (wanted !== undefined) checkBranch(fn, wanted, own);
  return wanted ?? own;
}

/** Reads a configuration; the constructors check its values. */
function readConfig(path: string, text: string | undefined): Partial<FullSimVgConfig> {
  let value: unknown = null;
  try {
    value = parseJson(text ?? "");
  } catch {
    // Refused below.
  }
  if (!isRecord(value)) throw new GroundingError(LOAD, `the metadata of ${path} must hold a configuration`, text);
  return value;
}
