import { thousands } from "../display/describe";
import { escapeMarkup } from "../display/escape";
import type { MimeBundle } from "../display/host";
import type { EncoderInfo } from "../encoders/encoder-info";
import type { Plan } from "../law/plan/plan";
import type { Figures } from "./figures";
import { figure, htmlPage } from "../page/html";
import { areViewersBuilt, hasViewer, viewersOf } from "../page/viewers";
import { type Cell, paragraph, section, tableOf } from "./html";
import type { CorrespondenceFigure, EncoderScores } from "./scores";
import type { EncoderSpeed } from "./speed";
import type { LawStanding } from "./standing";

/** One encoder and its measurements. */
export interface MeasuredEncoder {
  /** The encoder as `encoders.load` takes it. */
  model: string;
  info: EncoderInfo;
  speed: EncoderSpeed;
  scores: EncoderScores;
}

/** The numbers of a report. */
export interface EncoderReport extends MeasuredEncoder {
  /** Licence by the registry of public encoders; null for an encoder that it does not know. */
  license: string | null;
  /** `[channels, rows, columns]` of the output of each block. */
  blocks: [channels: number, rows: number, columns: number][];
  compared: MeasuredEncoder[];
  baselines: CorrespondenceFigure[];
  standing: LawStanding;
  /** Sources of pairs and captions, in words. */
  pairs: string;
  captions: string;
  /** Encoder whose text tower read the captions. */
  text: string;
  /** Number of processor cores, and resident bytes of the process after the measurements. */
  machine: { cores: number; residentBytes: number };
}

const number = (text: string): Cell => ({ number: text });
const fixed = (value: number | null, digits: number): Cell => number(value === null ? "" : value.toFixed(digits));
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
const interval = ([low, high]: readonly [number, number], digits: number): string =>
  `${low.toFixed(digits)} to ${high.toFixed(digits)}`;

/** Returns the page of a report. Without the viewers' bundle the still pictures stay, and the page says so. */
export function pageOf(report: EncoderReport, figures: Figures): string {
  const { standing } = report;
  const title = `${report.info.name}: an encoder's report`;
  const body = [
    `<h1>${escapeMarkup(title)}</h1>`,
    section("Card", cardOf(report)),
    section("Blocks", blocksOf(report)),
    section("Speed and memory", ...speedOf(report)),
    section("Features as colors", figure(figures.pca, null), paragraph(PCA_WORDS)),
    section("Correspondence", ...liveOf(figures.correspondence)),
    section("Attention", ...attentionOf(figures)),
    section("C score", ...correspondenceOf(report)),
    section("A score", ...alignmentOf(report)),
    section("On the law's line", ...standingWords(standing), figures.law ? figure(figures.law, null) : ""),
    section("Worth training next", ...planWords(standing.plan)),
  ];
  const live = [figures.correspondence, figures.attention].filter((view) => typeof view !== "string");
  return htmlPage({ title, body: body.join(""), viewers: viewersOf(live.map(mimeOf)) });
}

const PCA_WORDS =
  "The first three principal components of the last block's patch features as red, green and blue, fitted over all pictures: equal colors mean equal directions.";

function cardOf({ info, model, license }: EncoderReport): string {
  const { inputSize, patchSize, grid, prefixTokens, channels, depth, parameters, opset, device, precision } = info;
  const { resize, mean, std } = info.preprocess;
  const facts: [string, string][] = [
    ["model", model],
    ["license", license ?? "not in the registry; read the model's card"],
    ["parameters", thousands(parameters)],
    ["input", `${inputSize.join(" x ")} pixels`],
    ["patch", `${patchSize} pixels, grid ${grid.join(" x ")}, ${prefixTokens} prefix tokens`],
    ["blocks", `${depth}, ${channels} channels at the end`],
    ["preprocessing", `${resize}, mean ${mean.join(", ")}, std ${std.join(", ")}`],
    ["graph", `opset ${opset}, ${precision}, on ${device}`],
    ["text tower", info.hasEmbedding ? "shares a space with text" : "none"],
  ];
  return tableOf(["fact", "value"], facts);
}

function blocksOf({ info, blocks }: EncoderReport): string {
  const rows = info.blocks.map(({ index, residual, attention }, i): Cell[] => [
    number(String(index)),
    `[B, ${blocks[i].join(", ")}]`,
    residual,
    attention ?? "hidden in the graph",
  ]);
  return tableOf(["block", "features", "tensor", "attention"], rows);
}

function speedOf(report: EncoderReport): string[] {
  const { runs, batch } = report.speed;
  const { cores, residentBytes } = report.machine;
  const rows = [report, ...report.compared].map(({ model, info, speed }): Cell[] => [
    model,
    fixed(speed.oneMs, 2),
    number(interval(speed.oneQuartiles, 2)),
    fixed(speed.batchMs, 2),
    number(thousands(info.parameters)),
    number(megabytes(speed.weightBytes)),
    info.device,
  ]);
  const head = [
    "encoder",
    "ms a picture",
    "quartiles",
    `ms in a batch of ${batch}`,
    "parameters",
    "weights, float32",
    "device",
  ];
  const words = `Measured on this machine, ${cores} processor cores: median of ${runs} runs with all blocks, preparation of the picture included; other work on the machine makes them slower. The process held ${megabytes(residentBytes)} at the end.`;
  return [tableOf(head, rows), paragraph(words)];
}

/** The mime type of a bundle's living view. */
const mimeOf = (bundle: MimeBundle): string => Object.keys(bundle).find(hasViewer) ?? "";

function liveOf(bundle: MimeBundle): string[] {
  const isLive = areViewersBuilt();
  const words = isLive
    ? "Move the pointer over the picture, or use the arrow keys. The view computes its numbers from reduced features."
    : "A still picture: the viewers were not built (npm run build:extension).";
  return [figure(bundle, isLive ? mimeOf(bundle) : null), paragraph(words)];
}

const attentionOf = ({ attention }: Figures): string[] =>
  typeof attention === "string" ? [paragraph(attention)] : liveOf(attention);

function correspondenceOf(report: EncoderReport): string[] {
  const { baselines, compared } = report;
  const row = (name: string, { pck, interval: range }: CorrespondenceFigure): Cell[] => [
    name,
    fixed(pck, 2),
    number(interval(range, 2)),
  ];
  const of = ({ model, scores }: MeasuredEncoder): Cell[] => row(`${model}, layer ${scores.c.layer}`, scores.c);
  const layers = report.scores.layers.map((one) => row(`layer ${one.layer}`, one));
  const beside = [of(report), ...compared.map(of), ...baselines.map((one) => row(`baseline ${one.layer}`, one))];
  const words = `PCK@0.1 in percent over ${report.pairs}, with 95 % bootstrap intervals over pairs. Layer -2 as in the Law paper; pictures lie as each encoder lays them, so numbers compare within this page. The baseline oracle-box knows both boxes; no encoder does.`;
  return [tableOf(["encoder", "C", "95 %"], beside), paragraph(words), tableOf(["layer", "C", "95 %"], layers)];
}

function alignmentOf(report: EncoderReport): string[] {
  const { k, chance } = report.scores.a;
  const rows = [report, ...report.compared].map(({ model, scores: { a } }): Cell[] => [
    model,
    fixed(a.score, 4),
    number(interval(a.interval, 4)),
  ]);
  const baseline: Cell[] = ["unrelated features", fixed(chance, 4), ""];
  const words = `Share of the ${k} nearest neighbors that a picture's mean token and its caption have in common (arXiv 2405.07987), over ${report.captions}, captions read by ${report.text}, with 95 % bootstrap intervals over pictures. The Law paper's A needs a projector trained for each encoder; this one needs none, and is not on its scale.`;
  return [tableOf(["encoder", "A (mutual-knn)", "95 %"], [...rows, baseline]), paragraph(words)];
}

function standingWords({ row, rows, problem }: LawStanding): string[] {
  if (problem) return [paragraph(problem)];
  const cells = rows.map(({ benchmark, score, predicted, low, high, leftOut, r2, looQ2 }): Cell[] => [
    benchmark,
    fixed(score, 2),
    fixed(predicted, 2),
    number(low === null || high === null ? "" : interval([low, high], 2)),
    fixed(leftOut, 2),
    fixed(r2, 3),
    fixed(looQ2, 3),
  ]);
  const head = ["benchmark", "score", "law", "95 % of a measurement", "law without it", "R²", "Q²"];
  const words = `Row ${row} of the table: its score beside the law's prediction in sample, and that of a fit that has not seen it. R² is in sample; Q² leaves each encoder out once.`;
  return [tableOf(head, cells), paragraph(words)];
}

function planWords({ next, reason, benchmarks, untrained }: Plan): string[] {
  const rows = Object.entries(benchmarks).flatMap(([benchmark, { candidates }]) =>
    candidates
      .filter(({ score }) => score === null)
      .map(({ encoder, predicted, low, high, probability, improvement }): Cell[] => [
        benchmark,
        encoder,
        fixed(predicted, 2),
        number(low === null || high === null ? "" : interval([low, high], 2)),
        fixed(probability, 3),
        fixed(improvement, 3),
      ]),
  );
  const head = ["benchmark", "encoder", "expected score", "90 %", "chance to be best", "expected gain"];
  const words = next === null ? `Nothing: ${reason}` : `${next}: ${reason}`;
  return [paragraph(words), untrained.length > 0 ? tableOf(head, rows) : ""];
}
