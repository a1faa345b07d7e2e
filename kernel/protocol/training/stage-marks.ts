import { GUIDE, cssColor, figureText } from "../core/figure";
import type { RunRecord } from "./record";

const GRAY = cssColor(GUIDE, 0.9);
const FONT = 11;
/** Pixels that a letter of a stage's name takes in a wide face, and those around its chart. */
const [LETTER, AROUND] = [7, 74];
const GAP = 6;

/** A stage that has begun, and the update after which it did. */
interface StagePlace {
  /** Counted from 1. */
  number: number;
  name: string;
  from: number;
}

/** Last update on an axis, and the width of its panel in pixels. */
export interface Extent {
  last: number;
  width: number;
}

function stagePlaces({ plan, progress }: RunRecord): StagePlace[] {
  let from = 0;
  return (plan?.stages ?? []).flatMap(({ name }, i) => {
    const place = { number: i + 1, name, from };
    const steps = progress?.stageSteps[i] ?? 0;
    from += steps;
    return steps ? [place] : [];
  });
}

/** A dotted line where a stage follows another. */
export function stageLines(run: RunRecord): object[] {
  return stagePlaces(run)
    .slice(1)
    .map(({ from }) => upright(from, "dot"));
}

export function upright(x: number, dash: string): object {
  return {
    type: "line",
    xref: "x",
    yref: "paper",
    x0: x,
    x1: x,
    y0: 0,
    y1: 1,
    layer: "below",
    line: { color: GRAY, width: 1.2, dash },
  };
}

/**
 * The stages' names over the chart, each where its stage begins. Where there is too little room before the next, the
 * number stands alone, or nothing: the bar of the stages has them all.
 */
export function stageNames(run: RunRecord, { last, width }: Extent): object[] {
  const places = stagePlaces(run);
  if (places.length < 2) return [];
  const scale = Math.max(1, width - AROUND) / Math.max(1, last);
  let end = width - AROUND;
  const names = places.toReversed().flatMap(({ number, name, from }, i) => {
    const start = from * scale;
    const [full, short] = [`${number} ${name}`, String(number)];
    // The last one is always named: a name that does not fit to its right ends at the chart's edge.
    const text = i === 0 ? full : [full, short].find((one) => start + textWidth(one) <= end);
    if (text === undefined) return [];
    const left = i === 0 ? Math.max(0, Math.min(start, end - textWidth(text))) : start;
    end = left - GAP;
    return [annotation(text, left / scale)];
  });
  return names.reverse();
}

const textWidth = (text: string): number => text.length * LETTER;

function annotation(text: string, x: number): object {
  return {
    text: figureText(text),
    x,
    y: 1,
    xref: "x",
    yref: "paper",
    showarrow: false,
    xanchor: "left",
    yanchor: "bottom",
    font: { size: FONT },
  };
}
