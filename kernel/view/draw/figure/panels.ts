import { least, most } from "../../../numeric/order";
import { textWidth } from "../../../protocol/core/text-width";
import { axisOptions, makeAxis, type Axis } from "./axis";
import { labelColumn, labelRow, TICK_GAP, TICK_SIZE, TITLE_SIZE, type LabelRow } from "./ticks";
import { errorBounds, type Plane, type Trace } from "./traces";
import { numberOf, titleText, type Coordinate, type PlotlyObject } from "./values";

/** A rectangle in pixels. */
export interface Frame {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** A pair of axes with the traces on them. */
export interface Panel extends Plane {
  references: readonly [x: string, y: string];
  frame: Frame;
  traces: Trace[];
  row: LabelRow;
  column: ReturnType<typeof labelColumn>;
  /** The labels of its y axis stand on the right. */
  isRight: boolean;
}

const TITLE_ROOM = TITLE_SIZE + 8;
/** Share of an axis that stays free at both ends, as plotly leaves it. */
const PADDING = 0.06;

/** The panels of a figure: one a pair of axes. Their domains are shares of the area. */
export function layoutPanels(traces: readonly Trace[], layout: PlotlyObject, area: Frame): Panel[] {
  const keys = [...new Set(traces.map(({ axes }) => axes.join()))];
  return keys.map((key) => {
    const own = traces.filter(({ axes }) => axes.join() === key);
    return squared(makePanel(own, layout, panelFrame(own[0].axes, layout, area)), layout);
  });
}

function panelFrame([x, y]: Trace["axes"], layout: PlotlyObject, area: Frame): Frame {
  const [across, up] = [domainOf(layout, x), domainOf(layout, y)];
  const [width, height] = [area.right - area.left, area.bottom - area.top];
  return {
    left: area.left + across[0] * width,
    right: area.left + across[1] * width,
    top: area.bottom - up[1] * height,
    bottom: area.bottom - up[0] * height,
  };
}

/** Share of the area that an axis takes; that of another where it lies over it. */
function domainOf(layout: PlotlyObject, reference: string): [number, number] {
  const options = axisOptions(layout, reference);
  const { overlaying, domain } = options;
  if (typeof overlaying === "string" && overlaying !== reference)
    return domainOf({ ...layout, overlaying }, overlaying);
  const [low, high] = Array.isArray(domain) ? domain.map(numberOf) : [];
  return low !== undefined && high !== undefined && low < high ? [low, high] : [0, 1];
}

function makePanel(traces: Trace[], layout: PlotlyObject, frame: Frame): Panel {
  const references = traces[0].axes;
  const [across, up] = references.map((reference) => axisOptions(layout, reference));
  const heat = traces.every(({ kind }) => kind === "heatmap");
  const bars = (horizontal: boolean): boolean => traces.some((of) => of.kind === "bar" && of.horizontal === horizontal);
  const axis = (key: "x" | "y", options: PlotlyObject, [from, to]: [number, number]): Axis => {
    const turned = options.autorange === "reversed" ? [to, from] : [from, to];
    return makeAxis({
      options,
      values: extent(traces, key, heat),
      includeZero: bars(key === "x"),
      padding: heat ? 0 : PADDING,
      from: turned[0],
      to: turned[1],
      spacing: key === "x" ? 64 : 45,
    });
  };
  const [x, y] = [axis("x", across, [frame.left, frame.right]), axis("y", up, [frame.bottom, frame.top])];
  return {
    references,
    frame,
    traces,
    x,
    y,
    row: labelRow(x.ticks, across, frame.right - frame.left),
    column: labelColumn(y.ticks, numberOf(layout.width) ?? 700, frame.bottom - frame.top),
    isRight: up.side === "right",
  };
}

/** A panel whose y axis is to have the scale of its x axis becomes smaller, about its middle. */
function squared(panel: Panel, layout: PlotlyObject): Panel {
  const { frame, x, y, references, traces } = panel;
  if (typeof axisOptions(layout, references[1]).scaleanchor !== "string") return panel;
  const [across, up] = [x, y].map((axis) => axis.step([0, 1]));
  const share = across / up;
  const cut = (low: number, high: number, by: number): [number, number] => {
    const free = ((high - low) * (1 - by)) / 2;
    return [low + free, high - free];
  };
  const [left, right] = share > 1 ? cut(frame.left, frame.right, 1 / share) : [frame.left, frame.right];
  const [top, bottom] = share < 1 ? cut(frame.top, frame.bottom, share) : [frame.top, frame.bottom];
  return makePanel(traces, layout, { left, right, top, bottom });
}

/** Pixels around the area that labels and titles of the outer panels need. */
export function neededMargins(
  panels: readonly Panel[],
  layout: PlotlyObject,
): { left: number; right: number; bottom: number } {
  const titled = (reference: string): number => (titleText(axisOptions(layout, reference).title) ? TITLE_ROOM : 0);
  const side = (right: boolean): number =>
    most(
      panels.map(({ isRight, references: [x, y], column }) => {
        const edge = domainOf(layout, x)[right ? 1 : 0] === (right ? 1 : 0);
        return isRight === right && edge ? column.width + TICK_GAP + 4 + titled(y) : 0;
      }),
    );
  const below = panels.map(({ references: [x, y], row }) =>
    domainOf(layout, y)[0] < 0.01 ? row.height + TICK_GAP + titled(x) : 0,
  );
  return {
    left: Math.max(8, side(false), most(panels.map((panel) => overhang(panel, false)))),
    right: Math.max(0, side(true), most(panels.map((panel) => overhang(panel, true)))),
    bottom: Math.max(4, most(below)),
  };
}

/** Pixels that a turned label reaches beyond an end of its panel. */
function overhang({ row, frame }: Panel, isRight: boolean): number {
  const cosine = Math.cos((row.turned * Math.PI) / 180);
  if (row.turned === 0 || row.turned > 0 !== isRight) return 0;
  const beyond = row.ticks.map(({ value, label }) => {
    const away = isRight ? value - frame.right : frame.left - value;
    return away + textWidth(label, TICK_SIZE) * cosine;
  });
  return most([0, ...beyond]);
}

/** Everything along an axis: points, ends of error bars, room for half a bar or cell at the ends. */
function extent(traces: readonly Trace[], key: "x" | "y", heat: boolean): (Coordinate | null)[] {
  return traces.flatMap((trace) => {
    const values = trace[key];
    const errors = values.flatMap((_, i) => errorBounds(trace, i, key === "x" ? "error_x" : "error_y") ?? []);
    const isKey = heat || (trace.kind === "bar" && (key === "y") === trace.horizontal);
    return isKey ? [...values, ...halfSteps(values)] : [...values, ...errors];
  });
}

function halfSteps(values: (Coordinate | null)[]): number[] {
  const numbers = values.filter((value): value is number => typeof value === "number");
  if (numbers.length === 0 || numbers.length < values.length) return [];
  const [low, high] = [least(numbers), most(numbers)];
  const half = numbers.length > 1 ? (high - low) / (numbers.length - 1) / 2 : 0.5;
  return [low - half, high + half];
}
