import { checkArguments } from "../rules/arguments";
import { startTfjs } from "../backend/tfjs";
import type { Preprocess } from "../encoders/preprocess/preprocess";
import { vitState, loadVitState } from "../models/vit/state";
import { parseJson } from "../rules/json-text";
import * as nn from "../nn";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { platform } from "../platform";
import { existsSync, isFile, mkdir, readFile, rename, rm, writeFile } from "../platform/files";
import { basename, join, resolve } from "../platform/path";
import { readSafetensors, writeSafetensors } from "../safetensors/safetensors";
import { numberOfValues, type SafetensorsTensor } from "../safetensors/tensor";
import { cardText, type SakCard, type SakCardTeacher } from "./card";
import type { SakConfig } from "./config";
import { parameters } from "./count";
import { SakError } from "./error";
import { inputShape, toOnnx } from "./export";
import { Sak } from "./model";

/** Options of {@link save}. */
export interface SakSaveOptions {
  /** Preparation of the pictures that the student was trained on. */
  preprocess: Preprocess;
  /** Facts for the card: teachers with their licenses, data, seeds. */
  card: SakCard;
}

const SAVE = "sak.save";
const LOAD = "sak.load";
const CARD_NAMES: OptionNames<SakCard> = { teachers: true, data: true, seeds: true, license: true, notes: true };
/** Parts of a student beside its stem, whose tensors have no prefix. */
const OWN = /^(paths|routers|heads)\./;

/**
 * Writes a trained student as a folder: `model.onnx` with the stem, which loads like any other encoder; `features.onnx`
 * without and `tasks.onnx` with heads; `model.safetensors`, in which the stem has timm's names; configurations, and a card as
 * `card.json` and `README.md`. Layers to the teachers' widths are left out. The folder is written beside its place and then moved.
 *
 *     await sak.save(model, "student", { preprocess, card: { teachers: { dino: { source: "zoo/dino-hybrid", license: "Apache-2.0" } }, data: ["…"], seeds: [0] } });
 *     const student = await encoders.load("student");
 *
 * @throws SakError for a folder that exists, a card that misses a teacher, adapters on the stem, or pictures of another size
 * @throws ModelError for a stem that cannot be written
 */
export async function save(model: Sak, folder: string, options: SakSaveOptions): Promise<void> {
  checkArguments("sak.save", SakError, { model }, { model: "module" });
  checkOptionNames(SAVE, options, { preprocess: true, card: true }, SakError);
  const { preprocess, card } = options;
  checkCard(model, card);
  const [, , ...size] = inputShape(model.config.stem);
  if (size.join() !== preprocess.inputSize.join())
    throw new SakError(SAVE, `preprocess must make pictures of ${size.join(" x ")}`, preprocess.inputSize);
  if ([...model.namedParameters().keys()].some((name) => name.includes("lora_")))
    throw new SakError(SAVE, "adapters on the stem must be merged before", "lora");
  const place = resolve(folder);
  if (existsSync(place)) throw new SakError(SAVE, "the folder must not exist", folder);
  const beside = `${place}.${platform().uuid()}.part`;
  try {
    await mkdir(beside, { recursive: true });
    await writeAll(model, beside, options, basename(place));
    await rename(beside, place);
  } catch (error) {
    await rm(beside, { recursive: true, force: true });
    throw error;
  }
}

function checkCard(model: Sak, card: SakCard): void {
  checkOptionNames(SAVE, card, CARD_NAMES, SakError);
  for (const name of model.teachers) {
    const teacher = card.teachers[name] as Partial<SakCardTeacher> | undefined;
    if (typeof teacher?.source !== "string" || typeof teacher.license !== "string" || !teacher.license)
      throw new SakError(SAVE, `card.teachers must name source and license of ${name}`, teacher ?? "none");
  }
  if (!card.data.length) throw new SakError(SAVE, "card.data must name the data", card.data);
  if (!card.seeds.length) throw new SakError(SAVE, "card.seeds must name the seeds", card.seeds);
}

async function writeAll(model: Sak, folder: string, { preprocess, card }: SakSaveOptions, name: string): Promise<void> {
  const json = (file: string, value: unknown): Promise<void> =>
    writeFile(join(folder, file), `${JSON.stringify(value, null, 2)}\n`);
  const config = savedConfig(model);
  await (await toOnnx(model, { output: "stem" })).save(join(folder, "model.onnx"));
  await (await toOnnx(model, { output: "features" })).save(join(folder, "features.onnx"));
  if (model.tasks.length) await (await toOnnx(model, { output: "tasks" })).save(join(folder, "tasks.onnx"));
  await writeSafetensors(join(folder, "model.safetensors"), await stateOf(model), { format: "pt" });
  await json("config.json", { model_type: "sak", sak: config });
  await json("preprocessor_config.json", preprocess);
  await json("card.json", { ...card, name, tasks: config.tasks });
  await writeFile(join(folder, "README.md"), cardText(name, model, card));
}

/** Returns the configuration without widths that only distillation needs. */
function savedConfig(model: Sak): SakConfig {
  const { teachers, ...rest } = model.config;
  return { ...rest, teachers: teachers.map(({ name }) => name) };
}

async function stateOf(model: Sak): Promise<Map<string, SafetensorsTensor>> {
  const tensors = new Map(await vitState(model.stem));
  for (const [name, tensor] of await nn.stateOf(model))
    if (OWN.test(name) && !/^paths\.[^.]+\.aligners\./.test(name)) tensors.set(name, tensor);
  return tensors;
}

/**
 * Loads a student that {@link save} wrote, in evaluation. Starts the default device where none was started.
 *
 * @throws SakError for a folder without a student, or with a damaged configuration
 * @throws NnError naming every missing, unexpected and misshaped tensor
 */
export async function load(folder: string): Promise<Sak> {
  await startTfjs();
  if (typeof folder !== "string") throw new SakError(LOAD, "folder must be a path", folder);
  const config = await readConfig(join(folder, "config.json"));
  const weights = join(folder, "model.safetensors");
  if (!isFile(weights)) throw new SakError(LOAD, "model.safetensors must be a file", weights);
  const { tensors } = await readSafetensors(weights);
  checkNumber(config, tensors, folder);
  const model = new Sak(config);
  try {
    const split = (own: boolean): Map<string, SafetensorsTensor> =>
      new Map([...tensors].filter(([name]) => OWN.test(name) === own));
    loadVitState(model.stem, split(false), { names: "timm" });
    const { missing, unexpected, misshaped } = nn.loadState(model, split(true), { strict: false });
    const wrong = [...missing.filter((name) => OWN.test(name)), ...unexpected, ...misshaped.map(({ name }) => name)];
    if (wrong.length)
      throw new SakError(LOAD, `${folder} must hold every tensor of its configuration`, wrong.slice(0, 5));
    return model.eval();
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** Refuses sizes far above what the file holds before anything is made of them. */
function checkNumber(config: SakConfig, tensors: ReadonlyMap<string, SafetensorsTensor>, folder: string): void {
  const { total } = parameters(config);
  const stored = numberOfValues(tensors);
  if (!(total <= 2 * stored))
    throw new SakError(LOAD, `${folder} must hold every tensor of its configuration: ${total} weights`, stored);
}

async function readConfig(path: string): Promise<SakConfig> {
  if (!isFile(path)) throw new SakError(LOAD, "config.json must lie beside the weights", path);
  const text = await readFile(path, "utf8");
  try {
    const { model_type: kind, sak } = Object(parseJson(text)) as { model_type?: unknown; sak?: unknown };
    if (kind === "sak" && typeof sak === "object" && sak !== null) return sak as SakConfig;
  } catch (error) {
    throw new SakError(LOAD, `config.json must hold JSON (${(error as Error).message})`, path);
  }
  throw new SakError(LOAD, "config.json must be that of a student", path);
}
