import * as nn from "../../nn";
import { sum } from "../../numeric";
import {
  existsSync,
  mkdir,
  readFile,
  readFileSync,
  replaceFile,
  replaceFileSync,
  writeFile,
} from "../../platform/files";
import { join } from "../../platform/path";
import { read as readTensors, write as writeTensors } from "../../safetensors";
import { fromSeeds, StudyFile } from "../study-file";
import { type Measured, measure } from "./predictors";
import { type MiniatureData, miniatureData } from "./questions";
import { extractAll, type PassFacts, readRepresentation } from "./representations";
import { checkLawMiniature, type LawMiniatureSettings, type Representation } from "./settings";
import { finishedSeeds } from "./table";
import {
  type Baselines,
  baselinesOf,
  type LawMiniatureRun,
  learnWords,
  type ReaderValues,
  type StageProgress,
  type TrainingParts,
  trainRun,
} from "./trainer";
import { Words } from "./words";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { StudyError } from "../error";

/** Results so far, in plain data. */
export interface LawMiniatureStudy {
  settings: LawMiniatureSettings;
  /** Hash of all settings but the number of seeds, and of the device. */
  identity: string;
  device: string;
  baselines: Baselines;
  runs: readonly LawMiniatureRun[];
  /** Predictors of each representation; those that need trainings use the finished seeds. Empty before the first seed is finished. */
  measured: readonly Measured[];
  /** Seconds of the finished trainings. */
  seconds: number;
  /** True when all runs are present. */
  finished: boolean;
}

/** Place of a study and its observers. */
export interface LawMiniatureOptions {
  /** Representations, reader, pictures, questions and budgets; `LAW_MINIATURE` has those of the whole study. */
  settings: LawMiniatureSettings;
  /** Folder of features, pictures, tokens and finished runs; the same call continues where it was stopped. */
  folder: string;
  /** Ends the call after so many new runs. Default: no limit. */
  limit?: number;
  /** Called while pictures are drawn and features computed. Default: not called. */
  onProgress?: (progress: { part: string; done: number; total: number }) => void;
  /** Called after each update. Default: not called. */
  onStep?: (run: Pick<LawMiniatureRun, "representation" | "seed">, progress: Parameters<StageProgress>[0]) => void;
  /** Called after each run. Default: not called. */
  onRun?: (run: LawMiniatureRun, done: number, total: number) => void;
  /** Stops the study: between two updates with the results so far, or during features by rejecting. Default: none. */
  signal?: AbortSignal;
}

const STUDY = "studies.lawMiniature";
const NAMES: OptionNames<LawMiniatureOptions> = {
  settings: true,
  folder: true,
  limit: true,
  onProgress: true,
  onStep: true,
  onRun: true,
  signal: true,
};

/**
 * Puts the law of vision representation (arXiv 2408.16357) to the test in miniature: one small multimodal model is trained by one protocol on
 * each representation, from several seeds, and asked the eight benchmarks of the world; A, C and other predictors are measured on pictures
 * that no encoder has seen. A seed is finished for every representation before the next one begins.
 *
 * @returns the runs that are there, with the predictors of the finished seeds
 * @throws StudyError for an unknown option, or illegal settings
 */
export async function lawMiniature(options: LawMiniatureOptions): Promise<LawMiniatureStudy> {
  checkOptionNames(STUDY, options, NAMES, StudyError);
  checkLawMiniature(STUDY, options.settings);
  const { settings, folder, signal, onProgress } = options;
  await mkdir(folder, { recursive: true });
  const data = miniatureData(settings, folder, ({ done, total }) => onProgress?.({ part: "pictures", done, total }));
  const names = [...data.train, ...data.asked].map(({ name }) => name);
  const facts = await extractAll(settings, names, join(folder, "features"), {
    signal,
    onProgress: ({ encoder, done, total }) => onProgress?.({ part: encoder, done, total }),
  });
  return new Study(options, data, names, facts).run();
}

class Study {
  private readonly words: Words;
  private readonly file: StudyFile<Place, LawMiniatureRun>;

  constructor(
    private readonly options: LawMiniatureOptions,
    private readonly data: MiniatureData,
    private readonly names: readonly string[],
    private readonly facts: ReadonlyMap<string, PassFacts>,
  ) {
    this.words = new Words(data);
    const { settings, folder } = options;
    const places = settings.representations.map(({ name }) => ({ representation: name }));
    this.file = new StudyFile({
      folder,
      prefix: "runs-",
      identity: { ...settings, seeds: null, device: String(nn.trainingDevice()) },
      asked: fromSeeds(settings.seeds, places),
    });
  }

  private parts(onStep?: StageProgress): TrainingParts {
    const { settings, signal } = this.options;
    return { settings, data: this.data, words: this.words, signal, onStep };
  }

  async run(): Promise<LawMiniatureStudy> {
    await mkdir(this.file.folder, { recursive: true });
    const reader = await this.reader();
    const { settings, limit = Infinity } = this.options;
    let left = limit;
    for (const place of this.file.missing) {
      if (left-- <= 0 || !reader || !(await this.train(place, reader))) break;
    }
    const { identity, runs, finished } = this.file;
    return {
      settings,
      identity,
      device: String(nn.trainingDevice()),
      baselines: await this.baselines(reader),
      runs,
      measured: reader ? await this.measured(reader) : [],
      seconds: sum(runs.map(({ seconds }) => seconds)),
      finished,
    };
  }

  /** The reader, trained once; null where that was stopped. */
  private async reader(): Promise<ReaderValues | null> {
    const path = join(this.file.folder, "reader.safetensors");
    if (existsSync(path)) return (await readTensors(path)).tensors;
    const words = { representation: "scenes in words", seed: 0 };
    const values = await learnWords(this.parts((progress) => this.options.onStep?.(words, progress)));
    if (values) await writeTensors(path, values);
    return values;
  }

  private async baselines(reader: ReaderValues | null): Promise<Baselines> {
    const path = join(this.file.folder, "baselines.json");
    if (existsSync(path)) return JSON.parse(readFileSync(path, "utf8")) as Baselines;
    const found = await baselinesOf(this.parts(), reader ?? new Map());
    replaceFileSync(path, JSON.stringify(found));
    return found;
  }

  /** Trains one run and keeps it. @returns false where it was stopped */
  private async train(place: Place, reader: ReaderValues): Promise<boolean> {
    const { settings, onStep, onRun } = this.options;
    const start = performance.now();
    const representation = settings.representations.find(({ name }) => name === place.representation) as Representation;
    const pictures = await readRepresentation(representation, this.facts, this.names, settings.grid);
    const parts = this.parts((progress) => onStep?.(place, progress));
    const trained = await trainRun(parts, reader, pictures, place.seed);
    if (!trained) return false;
    const { tokens, ...figures } = trained;
    const bytes = new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength);
    await replaceFile(this.tokensFile(representation, place.seed), (beside) => writeFile(beside, bytes));
    const run = { ...place, ...figures, seconds: (performance.now() - start) / 1e3 };
    await this.file.add(run);
    onRun?.(run, this.file.runs.length, settings.seeds * settings.representations.length);
    return true;
  }

  private tokensFile({ name }: Representation, seed: number): string {
    return join(this.file.folder, `tokens-${seed}-${name.replace(/\W+/g, "-")}.f32`);
  }

  private async tokens(representation: Representation, seed: number): Promise<Float32Array> {
    const bytes = await readFile(this.tokensFile(representation, seed));
    return new Float32Array(bytes.slice().buffer);
  }

  private async measured(reader: ReaderValues): Promise<Measured[]> {
    const { settings, folder, signal, onProgress } = this.options;
    const { runs } = this.file;
    const seeds = finishedSeeds({ settings, runs });
    if (!seeds.length) return [];
    return measure({
      settings,
      data: this.data,
      words: this.words,
      reader,
      facts: this.facts,
      folder,
      seeds,
      runs,
      tokens: (representation, seed) => this.tokens(representation, seed),
      signal,
      onProgress,
    });
  }
}

type Place = Pick<LawMiniatureRun, "representation" | "seed">;
