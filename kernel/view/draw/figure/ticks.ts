import { most } from "../../../numeric/order";
import { shortNames } from "../../../protocol/core/figure";
import { textWidth } from "../../../protocol/core/text-width";
import type { Tick } from "./axis";
import { numberOf, type PlotlyObject } from "./values";

/** Size of the labels at an axis, and of its title. */
export const [TICK_SIZE, TITLE_SIZE]: readonly [number, number] = [12, 13];
/** Pixels between an axis and its labels. */
export const TICK_GAP = 6;
const LINE = 1.25 * TICK_SIZE;
/** Longest label across the figure that is written whole, in pixels, and the share of the width that those at its side may take. */
const [LONGEST, SIDE_SHARE] = [240, 0.4];
/** Average width of a letter as a share of its size. */
const LETTER = 0.6;

/** Labels below a figure: turned where they would touch each other, fewer where they still would. */
export interface LabelRow {
  ticks: readonly Tick[];
  /** Degrees clockwise. */
  turned: number;
  /** Pixels that they take below the axis. */
  height: number;
}

/** Labels at most so many pixels wide, all told apart still. */
function shortened(ticks: readonly Tick[], pixels: number): Tick[] {
  const labels = ticks.map(({ label }) => label);
  if (most(labels.map((label) => textWidth(label, TICK_SIZE))) <= pixels) return [...ticks];
  const short = shortNames(labels, Math.max(4, Math.floor(pixels / (LETTER * TICK_SIZE))));
  return ticks.map(({ value }, i) => ({ value, label: short[i] }));
}

const widest = (ticks: readonly Tick[]): number =>
  Math.max(0, most(ticks.map(({ label }) => textWidth(label, TICK_SIZE))));

/** Angles that are tried for labels that touch: a little, then upright. */
const TURNS = [0, 30, 90];

/** The labels below an axis of so many pixels. */
export function labelRow(ticks: readonly Tick[], options: PlotlyObject, pixels: number): LabelRow {
  const shown = ticks.filter(({ label }) => label !== "");
  if (!shown.length) return { ticks: [], turned: 0, height: 0 };
  const short = shortened(shown, LONGEST);
  const given = numberOf(options.tickangle);
  const spacing = smallestSpacing(short, pixels);
  const turned = given ?? TURNS.find((angle) => needed(short, angle) <= spacing) ?? 90;
  const every = Math.max(1, Math.ceil(needed(short, turned) / spacing - 1e-6));
  const radians = (Math.abs(turned) * Math.PI) / 180;
  const height = widest(short) * Math.sin(radians) + LINE * Math.cos(radians);
  return { ticks: short.filter((_, i) => i % every === 0), turned, height: Math.max(LINE, height) };
}

/** Pixels from one label to the next so that they do not touch. */
function needed(ticks: readonly Tick[], turned: number): number {
  const sine = Math.sin((Math.abs(turned) * Math.PI) / 180);
  return sine < 0.1 ? widest(ticks) + TICK_SIZE * 0.7 : LINE / sine;
}

function smallestSpacing(ticks: readonly Tick[], pixels: number): number {
  const places = ticks.map(({ value }) => value).sort((a, b) => a - b);
  return places.slice(1).reduce((found, place, i) => Math.min(found, place - places[i]), pixels) || 1;
}

/** The labels at the side of a figure, fewer where they would touch, and the pixels that they take. */
export function labelColumn(
  ticks: readonly Tick[],
  figureWidth: number,
  pixels: number,
): { ticks: Tick[]; width: number } {
  const shown = shortened(
    ticks.filter(({ label }) => label !== ""),
    SIDE_SHARE * figureWidth,
  );
  const every = Math.max(1, Math.ceil(LINE / smallestSpacing(shown, pixels)));
  const kept = shown.filter((_, i) => i % every === 0);
  return { ticks: kept, width: widest(kept) };
}
