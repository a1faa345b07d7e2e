import type { DeviceRequest } from "../backend";
import { decodeImage, type ImageInput } from "../data/image";
import type { SpairSplit } from "../data/spair";
import type { Encoder } from "../encoders/encoder";
import { load, type LoadOptions } from "../encoders/load";
import { registry } from "../encoders/registry";
import { publishedTable, type ScoreTable } from "../law/fit/table";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { platform } from "../platform";
import { existsSync, replaceFile, writeFile } from "../platform/files";
import { dirname, resolve } from "../platform/path";
import { isWhole } from "../rules/rule-error";
import type { TokenSet } from "../similarity/token-set";
import { ReportError } from "./error";
import { drawFigures, type Figures } from "./figures";
import { type Materials, openMaterials } from "./materials";
import { type EncoderReport, type MeasuredEncoder, pageOf } from "./page";
import { baselineFigures, embedCaptions, measureScores } from "./scores";
import { measureSpeed } from "./speed";
import { standingOf } from "./standing";

/** Options of `report.write`. */
export interface WriteReportOptions {
  /** File of the page. It is written beside its place and moved there. */
  output: string;
  /** Folder in SPair-71k's layout. Default: pairs of the synthetic world, whose numbers compare encoders with each other only. */
  pairs?: string;
  /** Split of `pairs`. Default `"test"`. */
  split?: SpairSplit;
  /** Most pairs, spread over the split. Default 200. */
  limit?: number;
  /** File of lines `picture<TAB>caption`, more than 10, names relative to its folder. Default: 100 pictures of the synthetic world. */
  captions?: string;
  /** Encoder with the text tower that reads the captions. Default: the encoder itself; for the world's captions `zoo/clip-vit`. */
  text?: string;
  /** Encoders to stand beside, as `encoders.load` takes them. Default: none. */
  compare?: readonly string[];
  /** Table of the law. Default: the published one. */
  table?: ScoreTable;
  /** Name of the encoder's row in the table. Default: its name in the Law paper, else its own. */
  row?: string;
  /** Pictures of the PCA and the attention. Default: pictures of the pairs. */
  pictures?: readonly ImageInput[];
  /** Timed runs of each measurement of speed. Default 9. */
  runs?: number;
  /** Device, as of `encoders.load`. Default `"auto"`. */
  device?: DeviceRequest;
  /** Preprocessing of the encoder, as of `encoders.load`. Default: its own. */
  preprocess?: LoadOptions["preprocess"];
  /** Called after each step. Default: not called. */
  onProgress?: (progress: { done: number; total: number; step: string }) => void;
  /** Stops between two batches: the promise rejects with the signal's reason, and nothing is written. Default: none. */
  signal?: AbortSignal;
}

const WHERE = "report.write";
const NAMES: OptionNames<WriteReportOptions> = {
  output: true,
  pairs: true,
  split: true,
  limit: true,
  captions: true,
  text: true,
  compare: true,
  table: true,
  row: true,
  pictures: true,
  runs: true,
  device: true,
  preprocess: true,
  onProgress: true,
  signal: true,
};

/**
 * Measures an encoder and writes its report: one HTML file that needs no network, with its card, blocks, speed, PCA, attention, a
 * living correspondence viewer, C and A scores with intervals, its place on the law of vision representation (arXiv 2408.16357) and
 * what to train next.
 *
 * The A score is the share of common neighbors of pictures and captions (arXiv 2405.07987): the paper's A needs a trained projector.
 *
 *     await report.write("zoo/parts-hybrid", { output: "parts.html", compare: ["zoo/untrained-hybrid"] });
 *
 * @param model as `encoders.load` takes it: `zoo/<name>`, a `.onnx` file, a folder or `hf:owner/name`
 * @param options materials, neighbors to compare, the page's place
 * @returns the numbers of the page
 * @throws ReportError for an unknown option, a missing file or folder, a count below 1
 * @throws EncoderError for a model that cannot be loaded, or a text tower that is not there
 */
export async function write(model: string, options: WriteReportOptions): Promise<EncoderReport> {
  checkOptionNames(WHERE, options, NAMES, ReportError);
  const { output, limit = 200, runs = 9, pictures, signal, table = publishedTable() } = options;
  checkOptions(output, limit, runs, pictures);
  const materials = await openMaterials(model, { ...options, limit, scratch: `${output}.${platform().uuid()}.pairs` });
  try {
    const work = new Work(materials, runs, options);
    const report = await measureAll(work, model, table);
    signal?.throwIfAborted();
    await replaceFile(output, (beside) => writeFile(beside, pageOf(report.numbers, report.figures)));
    work.note("page");
    return report.numbers;
  } finally {
    await materials.dispose();
  }
}

function checkOptions(output: string, limit: number, runs: number, pictures: WriteReportOptions["pictures"]): void {
  if (typeof output !== "string" || !output.endsWith(".html"))
    throw new ReportError(WHERE, "output must be a file *.html", output);
  if (!existsSync(dirname(resolve(output)))) throw new ReportError(WHERE, "the folder of output must exist", output);
  for (const [name, value] of Object.entries({ limit, runs }))
    if (!isWhole(value)) throw new ReportError(WHERE, `${name} must be a whole number of at least 1`, value);
  if (pictures && pictures.length === 0) throw new ReportError(WHERE, "pictures must hold one", pictures);
  const absent = pictures?.find((picture) => typeof picture === "string" && !existsSync(picture));
  if (absent !== undefined) throw new ReportError(WHERE, "pictures must be files", absent);
}

/** The measurements of one report, counted. */
class Work {
  private done = 0;
  private readonly total: number;

  constructor(
    readonly materials: Materials,
    readonly runs: number,
    readonly options: WriteReportOptions,
  ) {
    // Captions, speed and scores of each encoder, figures, page.
    this.total = 1 + 2 * (1 + (options.compare?.length ?? 0)) + 2;
  }

  note(step: string): void {
    this.options.onProgress?.({ done: ++this.done, total: this.total, step });
  }

  /** Loads an encoder for as long as `use` takes. */
  async withEncoder<T>(model: string, use: (encoder: Encoder) => Promise<T>, options: LoadOptions = {}): Promise<T> {
    this.options.signal?.throwIfAborted();
    const encoder = await load(model, { device: this.options.device, ...options });
    try {
      return await use(encoder);
    } finally {
      await encoder.dispose();
    }
  }

  async measure(model: string, encoder: Encoder, texts: TokenSet): Promise<MeasuredEncoder> {
    const { materials, runs } = this;
    const { signal } = this.options;
    const picture = await decodeImage(materials.pairs[0].source.path);
    const speed = await measureSpeed(encoder, picture, runs, signal);
    this.note(`${model}: speed`);
    const scores = await measureScores(encoder, materials, texts, signal);
    this.note(`${model}: scores`);
    return { model, info: encoder.info, speed, scores };
  }
}

async function measureAll(
  work: Work,
  model: string,
  table: ScoreTable,
): Promise<{ numbers: EncoderReport; figures: Figures }> {
  const { materials, options } = work;
  const { signal, preprocess } = options;
  const texts = await work.withEncoder(materials.text, (encoder) => embedCaptions(encoder, materials.captions, signal));
  work.note("captions");
  const known = registry.find(({ name, weights, onnx }) => [name, `hf:${weights}`, onnx?.source].includes(model));
  const own = await work.withEncoder(
    model,
    async (encoder) => {
      const measured = await work.measure(model, encoder, texts);
      const standing = standingOf(table, options.row ?? known?.law ?? encoder.name);
      const law = { table, fit: standing.fit };
      const figures = await drawFigures(encoder, materials.pairs, options.pictures, law, signal);
      work.note("figures");
      return { measured, standing, figures, blocks: blockShapes(encoder) };
    },
    preprocess === undefined ? {} : { preprocess },
  );
  const compared: MeasuredEncoder[] = [];
  for (const other of options.compare ?? [])
    compared.push(await work.withEncoder(other, (encoder) => work.measure(other, encoder, texts)));
  const numbers: EncoderReport = {
    ...own.measured,
    license: known?.license ?? null,
    blocks: own.blocks,
    compared,
    baselines: baselineFigures(materials),
    standing: own.standing,
    pairs: materials.pairsName,
    captions: materials.captionsName,
    text: materials.text,
    machine: { cores: platform().cores(), residentBytes: platform().residentBytes() },
  };
  return { numbers, figures: own.figures };
}

function blockShapes({ info, featureInfo }: Encoder): EncoderReport["blocks"] {
  const [height, width] = info.inputSize;
  return featureInfo.map(({ channels, reduction }) => [
    channels,
    Math.floor(height / reduction),
    Math.floor(width / reduction),
  ]);
}
