import { least, most } from "../../numeric";
import { cssColor, DARK, type Figure, figureText, GUIDE, LIGHT, padded, SERIES } from "../core/figure";
import type { Point } from "../core/geometry";
import type { Translate } from "../core/words";
import { SAVED_QUANTILES, type RefinementPayload, type RefinementValues, tokenPlace } from "./payload";

/** The choices of a reader that change the figures. */
export interface RefinementChoices {
  stage: number;
  /** Picture whose tokens stand out. */
  picture: number;
  /** Token with its way through the stages. */
  token: number;
  /** Write the words beside their points. */
  named: boolean;
}

/** All that the figures are made of. */
export interface RefinementFigureInput {
  trans: Translate;
  payload: RefinementPayload;
  values: RefinementValues;
  choices: RefinementChoices;
}

const [PLANE_HEIGHT, LAYERS_HEIGHT, FACET_HEIGHT] = [420, 300, 170];
const [OTHER, CHOSEN, WORD] = [cssColor(SERIES[5], 0.7), cssColor(SERIES[0]), cssColor(SERIES[1])];
const [DARK_CSS, LIGHT_CSS, GRAY] = [cssColor(DARK), cssColor(LIGHT), cssColor(GUIDE, 0.9)];

/** Name of a stage with its number, as "2 fine alignment"; the first one is before training. */
export const stageName = ({ stages }: RefinementPayload, stage: number): string => `${stage} ${stages[stage]}`;

/** A measure in words. */
export function measureName(trans: Translate, name: string): string {
  const known: Record<string, string | undefined> = {
    nearest: trans.__("token to nearest word"),
    nearestBack: trans.__("word to nearest token"),
    meanDistance: trans.__("distance of means"),
    wasserstein: trans.__("Wasserstein-1"),
    sliced: trans.__("sliced Wasserstein-1"),
    gromovWasserstein: trans.__("Gromov-Wasserstein"),
    cka: trans.__("CKA with the start"),
  };
  return Object.hasOwn(known, name) ? (known[name] as string) : name;
}

/** Tokens and words of one stage in the plane; the axes are those of all stages. */
export function refinementPlane(input: RefinementFigureInput): Figure {
  const { trans, payload, values, choices } = input;
  const [first, second] = payload.ratio.map((share) => `${(100 * share).toFixed(0)} %`);
  const name = figureText(stageName(payload, choices.stage));
  return {
    data: [...tokenTraces(input), wordTrace(input), ...wayTraces(input)],
    layout: {
      ...frame(trans.__("Stage %1: tokens (discs) and words (diamonds)", name), PLANE_HEIGHT),
      margin: { t: 34, r: 12, b: 48, l: 58 },
      xaxis: axis(trans.__("component 1, %1 of the variance", first), values.extent(0)),
      yaxis: axis(trans.__("component 2, %1 of the variance", second), values.extent(1)),
    },
    config: {},
  };
}

const axis = (title: string, range: readonly [number, number]): object => ({
  title: { text: title },
  range: padded(range),
  zeroline: false,
});

function frame(title: string, height: number): Record<string, unknown> {
  return {
    title: { text: title, font: { size: 14 }, x: 0.01, xanchor: "left", y: 0.98, yanchor: "top" },
    height,
    hovermode: "closest",
    dragmode: false,
    showlegend: false,
  };
}

/** Tokens of other pictures, then those of the chosen one. */
function tokenTraces({ payload, values, choices }: RefinementFigureInput): object[] {
  const all = Array.from({ length: values.tokens }, (_, token) => token);
  const isChosen = (token: number): boolean => tokenPlace(payload, token).picture === choices.picture;
  const trace = (tokens: number[], size: number, color: string): object => ({
    ...points(tokens.map((token) => values.token(choices.stage, token))),
    customdata: tokens,
    hoverinfo: "none",
    marker: { size, color, opacity: 1, line: { width: 0.8, color: LIGHT_CSS } },
  });
  return [
    trace(
      all.filter((token) => !isChosen(token)),
      6,
      OTHER,
    ),
    trace(all.filter(isChosen), 9, CHOSEN),
  ];
}

function points(places: readonly Point[]): Record<string, unknown> {
  return {
    type: "scatter",
    mode: "markers",
    x: places.map(([x]) => x),
    y: places.map(([, y]) => y),
    cliponaxis: false,
  };
}

/** Words as diamonds; a hover names one. Words have no data: pointing at one chooses no token. */
function wordTrace({ payload, values, choices }: RefinementFigureInput): object {
  const names = payload.words.map(figureText);
  return {
    ...points(payload.words.map((_, word) => values.word(choices.stage, word))),
    mode: choices.named ? "markers+text" : "markers",
    text: names,
    textposition: "top center",
    textfont: { size: 11 },
    hovertext: names,
    hoverinfo: "text",
    marker: { size: 9, symbol: "diamond", color: WORD, opacity: 1, line: { width: 1, color: LIGHT_CSS } },
  };
}

/** Way of the chosen token through all stages, its place now, and a line to its nearest word. */
function wayTraces({ payload, values, choices }: RefinementFigureInput): object[] {
  const { stage, token } = choices;
  const way = payload.stages.map((_, at) => values.token(at, token));
  const now = values.token(stage, token);
  const near = values.word(stage, values.nearest(stage, token).word);
  const line = (places: readonly Point[], color: string, width: number, dash?: string): object => ({
    ...points(places),
    mode: "lines",
    hoverinfo: "skip",
    line: { color, width, dash },
  });
  return [
    line(way, LIGHT_CSS, 4),
    line(way, DARK_CSS, 1.8),
    line([now, near], LIGHT_CSS, 3.5),
    line([now, near], WORD, 1.8, "dot"),
    {
      ...points([now]),
      customdata: [token],
      hoverinfo: "none",
      marker: { size: 14, color: LIGHT_CSS, opacity: 1, line: { width: 3, color: DARK_CSS } },
    },
  ];
}

/** Room between the panels of measures, as shares of the figure. */
const [GAP_X, GAP_Y] = [0.07, 0.24];

/** One panel a measure over the stages with 95 % intervals; the chosen stage is filled. `undefined` without measures. */
export function refinementMeasures(
  { trans, payload, choices }: RefinementFigureInput,
  width: number,
): Figure | undefined {
  const { measures } = payload;
  if (!measures.length) return undefined;
  const columns = Math.min(measures.length, Math.max(2, Math.floor(width / 220)), 4);
  const rows = Math.ceil(measures.length / columns);
  const marks = payload.stages.map((_, stage) => stage);
  return {
    data: measures.map(({ name, values, halves }, i) => ({
      type: "scatter",
      mode: "lines+markers",
      x: marks,
      y: values,
      xaxis: axisName("x", i),
      yaxis: axisName("y", i),
      error_y: { type: "data", array: halves.map((half) => half ?? 0), thickness: 1.5, width: 4 },
      hovertext: marks.map((stage) => `${figureText(stageName(payload, stage))}: ${figureText(name)} ${values[stage]}`),
      hoverinfo: "text",
      cliponaxis: false,
      line: { color: CHOSEN, width: 2 },
      marker: {
        size: marks.map((stage) => (stage === choices.stage ? 11 : 7)),
        color: marks.map((stage) => (stage === choices.stage ? DARK_CSS : LIGHT_CSS)),
        opacity: 1,
        line: { width: 2, color: marks.map((stage) => (stage === choices.stage ? LIGHT_CSS : CHOSEN)) },
      },
    })),
    layout: {
      ...frame(trans.__("The gap over the stages, with 95 % intervals over pictures"), 70 + rows * FACET_HEIGHT),
      margin: { t: 64, r: 16, b: 32, l: 48 },
      annotations: measures.map(({ name }, i) => panelTitle(figureText(measureName(trans, name)), i)),
      ...Object.fromEntries(measures.flatMap((_, i) => panelAxes(payload, i, rows, columns))),
    },
    config: {},
  };
}

const axisName = (letter: "x" | "y", i: number): string => (i === 0 ? letter : `${letter}${i + 1}`);

function panelTitle(text: string, i: number): object {
  const place = { x: 0, y: 1, xanchor: "left", yanchor: "bottom", showarrow: false, font: { size: 12 } };
  return { ...place, text, xref: `${axisName("x", i)} domain`, yref: `${axisName("y", i)} domain` };
}

function panelAxes(
  { stages, measures }: RefinementPayload,
  i: number,
  rows: number,
  columns: number,
): [string, object][] {
  const [line, column] = [Math.floor(i / columns), i % columns];
  const [width, height] = [(1 - GAP_X * (columns - 1)) / columns, (1 - GAP_Y * (rows - 1)) / rows];
  const [left, top] = [column * (width + GAP_X), 1 - line * (height + GAP_Y)];
  const { values, halves } = measures[i];
  const ends = values.flatMap((value, s) => [value - (halves[s] ?? 0), value + (halves[s] ?? 0)]);
  const range = padded([least(ends), most(ends)]);
  const key = (letter: "x" | "y"): string => `${letter}axis${i === 0 ? "" : i + 1}`;
  const across = {
    domain: [left, left + width],
    anchor: axisName("y", i),
    range: [-0.3, stages.length - 0.7],
    tickvals: stages.map((_, stage) => stage),
    zeroline: false,
  };
  const up = { domain: [Math.max(0, top - height), top], anchor: axisName("x", i), range, nticks: 4, zeroline: false };
  return [
    [key("x"), across],
    [key("y"), up],
  ];
}

/** Ends of the thin and the thick bar, and the median, among the saved quantiles. */
const [THIN, THICK, MEDIAN] = [[0, 4], [1, 3], 2] as const;
/** Half the distance between the bars of two stages in one layer. */
const APART = 0.16;

/** Distribution of each layer's values at the stage, beside that of the start. `undefined` without layers. */
export function refinementLayers({ trans, payload, choices }: RefinementFigureInput): Figure | undefined {
  const { layers } = payload;
  if (!layers.length) return undefined;
  const shown = choices.stage === 0 ? [0] : [0, choices.stage];
  const title = trans.__(
    "Values of each layer: median, half (thick) and nine tenths (thin) of them; gray before training",
  );
  return {
    data: shown.flatMap((stage, i) => layerTraces(payload, stage, shown.length === 1 ? 0 : APART * (2 * i - 1))),
    layout: {
      ...frame(title, LAYERS_HEIGHT),
      margin: { t: 34, r: 12, b: 64, l: 58 },
      xaxis: {
        range: [-0.5, layers.length - 0.5],
        tickvals: layers.map((_, i) => i),
        ticktext: layers.map(({ name }) => figureText(name)),
        showgrid: false,
        zeroline: false,
      },
      yaxis: { title: { text: figureText(trans.__("value")) }, zeroline: false },
    },
    config: {},
  };
}

function layerTraces({ layers }: RefinementPayload, stage: number, shift: number): object[] {
  const at = (layer: number, quantile: number): number =>
    layers[layer].quantiles[stage * SAVED_QUANTILES.length + quantile];
  const color = stage === 0 ? GRAY : CHOSEN;
  const bars = ([from, to]: readonly [number, number], width: number): object => ({
    type: "scatter",
    mode: "lines",
    x: layers.flatMap((_, layer) => [layer + shift, layer + shift, null]),
    y: layers.flatMap((_, layer) => [at(layer, from), at(layer, to), null]),
    hoverinfo: "skip",
    line: { color, width },
  });
  const medians = {
    ...points(layers.map((_, layer): Point => [layer + shift, at(layer, MEDIAN)])),
    hoverinfo: "skip",
    marker: { size: 7, color: LIGHT_CSS, opacity: 1, line: { width: 2, color: DARK_CSS } },
  };
  return [bars(THIN, 2), bars(THICK, 8), medians];
}
