import * as world from "../../data/world";
import { decodeImage, type RawImage } from "../../data/image";
import { read } from "../../data/spair";
import { type CScore, cScore } from "../../law/pck/c-score";
import { aScore } from "../../law/predictors/a-score";
import { logME } from "../../law/predictors/logme";
import { halfToFloat, mean, meanRow } from "../../numeric";
import { existsSync } from "../../platform/files";
import { join } from "../../platform/path";
import { gromovWasserstein } from "../../similarity/gromov-wasserstein";
import { linearCka, mutualKnn } from "../../similarity/kernels";
import type { TokenSet } from "../../similarity/token-set";
import type { BenchmarkName } from "../../tasks/answers/benchmarks";
import type { Pictures } from "../../tasks/answers/examples";
import { hashOf } from "../study-file";
import type { MiniatureData } from "./questions";
import { joinedTokens, nativeTokens, parametersOf, type PassFacts, readRepresentation } from "./representations";
import type { LawMiniatureSettings, Representation } from "./settings";
import { byBenchmark, type ByBenchmark, type LawMiniatureRun, type ReaderValues } from "./trainer";
import type { Words } from "./words";

/** Predictors of one representation. */
export interface Measured {
  representation: string;
  /** A score by benchmark: cosines after the connector's stage with the tokens of the references, mean over the seeds. */
  a: ByBenchmark;
  /** Mean log-likelihood of the right answers after the connector's stage by benchmark: the A score of the paper's revised version. */
  likelihood: ByBenchmark;
  /** PCK in percent at 0.1, 0.05 and 0.01. */
  pck: number[];
  /** Percentage of keypoints with a look-alike that lie nearer to it. */
  confusions: number | null;
  /** Percentage of keypoints whose match leads back. */
  reciprocal: number | null;
  /** Linear CKA of mean tokens with those of the first reference. */
  cka: number;
  /** Mutual nearest neighbors of mean tokens with the first reference, k = 10 or all but one. */
  knn: number;
  /** Negative Gromov-Wasserstein distance between mean tokens of 64 pictures and their scenes in the reader's words. */
  gw: number;
  /** LogME of mean tokens for the category of a scene's first object. */
  logme: number;
  /** Parameters of its encoders. */
  parameters: number;
}

/** Inputs of {@link measure}. */
export interface MeasureParts {
  settings: LawMiniatureSettings;
  data: MiniatureData;
  words: Words;
  reader: ReaderValues;
  facts: ReadonlyMap<string, PassFacts>;
  folder: string;
  /** Seeds of which all runs are there. */
  seeds: readonly number[];
  runs: readonly LawMiniatureRun[];
  /** Tokens of the asked pictures after the connector's stage, [pictures, tokens, features]. */
  tokens: (representation: Representation, seed: number) => Promise<Float32Array>;
  signal?: AbortSignal;
  onProgress?: (progress: { part: string; done: number; total: number }) => void;
}

/** Measures all predictors on the asked pictures and on pairs of the same split, which no encoder has seen. */
export async function measure(parts: MeasureParts): Promise<Measured[]> {
  const { settings, data, facts, runs, seeds } = parts;
  const matched = await correspondences(parts);
  const alignment = await alignments(parts);
  const names = data.asked.map(({ name }) => name);
  const language = firstOf(scenesInWords(parts), MOST_COMPARED);
  const measured: Measured[] = [];
  let reference: TokenSet | undefined;
  for (const representation of settings.representations) {
    const { name } = representation;
    const features = meanTokens(await readRepresentation(representation, facts, names, settings.grid));
    reference ??= features;
    const own = runs.filter((run) => run.representation === name && seeds.includes(run.seed));
    const { perPair, confusions, reciprocal } = matched.get(name) as CScore;
    measured.push({
      representation: name,
      a: alignment.get(name) as ByBenchmark,
      likelihood: byBenchmark((benchmark) => mean(own.map(({ likelihood }) => likelihood[benchmark]))),
      pck: perPair,
      confusions,
      reciprocal,
      cka: linearCka(features, reference).score,
      knn: mutualKnn(features, reference, { k: Math.min(10, names.length - 1) }).score,
      gw: gromovWasserstein(firstOf(features, MOST_COMPARED), language).score,
      logme: logME(
        features,
        data.asked.map(({ category }) => category),
      ).score,
      parameters: parametersOf(representation, facts),
    });
    parts.onProgress?.({ part: "predictors", done: measured.length, total: settings.representations.length });
  }
  return measured;
}

/** C scores on pairs in SPair-71k's layout, at each encoder's own grid. */
async function correspondences(parts: MeasureParts): Promise<Map<string, CScore>> {
  const { settings, folder, signal, onProgress } = parts;
  const { correspondence, split } = settings;
  const place = join(folder, `spair-${hashOf({ correspondence, split })}`);
  if (!existsSync(place)) await world.writeSpair(place, { ...correspondence, split, signal });
  const { pairs } = read(place, { split });
  const images = new Map<string, RawImage>();
  for (const path of new Set(pairs.flatMap(({ source, target }) => [source.path, target.path])))
    images.set(path, await decodeImage(path));
  const tokens = await nativeTokens(settings, images, {
    signal,
    onProgress: ({ encoder, done, total }) => onProgress?.({ part: `${encoder}, pairs`, done, total }),
  });
  const scores = new Map<string, CScore>();
  for (const representation of settings.representations) {
    const source = (path: string) => joinedTokens(representation, tokens, path);
    const options = { lookAlikes: world.lookAlikes, reciprocal: true, signal };
    scores.set(representation.name, await cScore(source, pairs, options));
  }
  return scores;
}

/** A scores by representation: for each seed the references' connectors of that seed, on the pictures that each benchmark asks about. */
async function alignments({ settings, data, seeds, tokens }: MeasureParts): Promise<Map<string, ByBenchmark>> {
  const { representations, references, reader } = settings;
  const bySeed = new Map<string, ByBenchmark[]>(representations.map(({ name }) => [name, []]));
  const count = (settings.grid / settings.merge) ** 2 * reader.features;
  for (const seed of seeds) {
    const sets = new Map<string, TokenSet[]>();
    for (const representation of representations) {
      const all = await tokens(representation, seed);
      const own = data.asked.map((_, i) => ({
        data: all.subarray(i * count, (i + 1) * count),
        width: reader.features,
      }));
      sets.set(representation.name, own);
    }
    const of = (name: string, pictures: readonly number[]): TokenSet[] => {
      const own = sets.get(name) as TokenSet[];
      return pictures.map((picture) => own[picture]);
    };
    for (const { name } of representations) {
      const score = (benchmark: BenchmarkName): number => {
        const pictures = data.items.filter((item) => item.benchmark === benchmark).map(({ picture }) => picture);
        const shown = [...new Set(pictures)].slice(0, MOST_PICTURES);
        const against = references.map((reference) => [reference, of(reference, shown)] as const);
        return aScore(of(name, shown), Object.fromEntries(against)).score;
      };
      bySeed.get(name)?.push(byBenchmark(score));
    }
  }
  return new Map(
    [...bySeed].map(([name, found]) => [name, byBenchmark((benchmark) => mean(found.map((one) => one[benchmark])))]),
  );
}

/** Pictures whose geometry is compared: the work grows with the cube of their number. */
const MOST_COMPARED = 64;

/** The first rows of a set. */
function firstOf({ data, width }: TokenSet, rows: number): TokenSet {
  return { data: data.subarray(0, rows * width), width };
}

/** Pictures of a benchmark that the A score looks at, as in the paper. */
const MOST_PICTURES = 100;

/** One row a picture: the mean of its tokens. */
function meanTokens(pictures: Pictures): TokenSet {
  const { channels, count } = pictures;
  const data = new Float32Array(count * channels);
  for (let picture = 0; picture < count; picture++)
    data.set(meanRow(halfToFloat(pictures.bits(picture, 0)), channels), picture * channels);
  return { data, width: channels };
}

/** One row a picture: the mean of the reader's words that tell its scene. */
function scenesInWords({ data, words, reader, settings }: MeasureParts): TokenSet {
  const width = settings.reader.features;
  const table = reader.get("words")?.data as Float32Array;
  const rows = new Float32Array(data.asked.length * width);
  data.asked.forEach(({ reading }, picture) => {
    const ids = words.of(reading);
    const said = new Float32Array(ids.length * width);
    ids.forEach((id, i) => said.set(table.subarray(id * width, (id + 1) * width), i * width));
    rows.set(meanRow(said, width), picture * width);
  });
  return { data: rows, width };
}
