import { COLORWAY } from "../../protocol/core/figure";
import { ENGLISH } from "../../protocol/core/words";
import { chartsOf } from "../../protocol/training/charts";
import { chartFigure, type ChartInput } from "../../protocol/training/figures";
import { matrixFigure } from "../../protocol/training/matrix-figure";
import { isWide } from "../../protocol/training/matrix-layout";
import type { RunRecord } from "../../protocol/training/record";
import { placeText, STATE_WORDS } from "../../protocol/training/words";
import { drawRows, figureOf, wordsOf } from "../draw/figure/rows";
import { type Drawn, label, tag } from "../draw/figure/svg";

const PANEL = 380;
const GAP = 16;
const WIDTH = 2 * PANEL + GAP;
const [ROW, SIZE, SAMPLE] = [18, 12, 18];
/** Pictures of evaluations that the still picture has room for. */
const MOST_MATRICES = 2;

/** State, loss and first metric, and the first pictures, as the live viewer draws them, for places where it cannot run: SVG. */
export function drawTraining(title: string, runs: readonly RunRecord[]): string {
  const state = { run: 0, log: false, smooth: true };
  const input: ChartInput = { trans: ENGLISH, runs, state, width: PANEL };
  const charts = chartsOf(runs).slice(0, 2);
  return drawRows([
    [wordsOf([{ text: title || "Training", size: 15, weight: "bold" }], WIDTH)],
    [runLines(runs)],
    charts.map((chart) => figureOf(chartFigure(chart, input), PANEL)),
    ...matrixRows(runs),
  ]).svg;
}

/** Lines that say where each run stands, beside the color of its curves where there are several. */
function runLines(runs: readonly RunRecord[]): Drawn {
  const several = runs.length > 1;
  const parts = runs.flatMap((run, i) => {
    const y = i * ROW + SIZE;
    const color = COLORWAY[i % COLORWAY.length];
    const sample = tag("rect", { x: 0, y: y - 6, width: SAMPLE, height: 4, fill: color });
    const text = label(runLine(run), several ? SAMPLE + 8 : 0, y, { size: SIZE });
    return several ? [sample, text] : [text];
  });
  return { width: WIDTH, height: runs.length * ROW, parts };
}

function runLine(run: RunRecord): string {
  const { name, state, progress } = run;
  return `${name ? `${name}: ` : ""}${STATE_WORDS[state]}${progress ? `, ${placeText(run, progress)}` : ""}`;
}

/** The last frames of the first pictures: wide ones alone in a row, others beside each other. */
function matrixRows(runs: readonly RunRecord[]): Drawn[][] {
  const matrices = runs.flatMap((run) => run.matrices).filter(({ frames }) => frames.length > 0);
  const shown = matrices.slice(0, MOST_MATRICES);
  const isAlone = shown.some(isWide);
  const drawn = shown.map((matrix) => {
    const width = isAlone ? WIDTH : PANEL;
    const frame = matrix.frames[matrix.frames.length - 1];
    return figureOf(matrixFigure(matrix, frame, { colormap: "viridis", width }), width);
  });
  return isAlone ? drawn.map((one) => [one]) : [drawn];
}
