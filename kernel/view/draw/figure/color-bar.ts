import { most } from "../../../numeric/order";
import { tickText } from "../../../protocol/core/figure";
import { textWidth } from "../../../protocol/core/text-width";
import type { Coloring } from "./colors";
import { type Drawn, label, tag } from "./svg";

/** Width of the bar, space before its labels, and their size. */
const [BAR, GAP, SIZE, TITLE_ROW, STEPS] = [12, 4, 12, 18, 48];

/** Colors with the meaning of their values. */
export interface TitledColoring extends Coloring {
  title: string;
}

/** Pixels that a bar takes with its labels. */
export function barWidth({ range, title }: TitledColoring): number {
  const ends = range.map((value) => BAR + GAP + textWidth(tickText(value), SIZE));
  return most([...ends, textWidth(title, SIZE)]);
}

/** An upright bar of colors so high, its ends labeled, its title above: all within that height. */
export function colorBar(coloring: TitledColoring, height: number): Drawn {
  const { range, colorOf, title } = coloring;
  const [low, high] = range;
  const top = title ? TITLE_ROW : 0;
  const steps = Array.from({ length: STEPS }, (_, i) => {
    const [from, to] = [i, i + 1].map((at) => Math.round(top + (at / STEPS) * (height - top)));
    const fill = colorOf(high - ((i + 0.5) / STEPS) * (high - low));
    return tag("rect", { x: 0, y: from, width: BAR, height: to - from, fill });
  });
  const ends = [
    label(tickText(high), BAR + GAP, top + SIZE * 0.8, { size: SIZE }),
    label(tickText(low), BAR + GAP, height, { size: SIZE }),
  ];
  const name = title ? [label(title, 0, SIZE, { size: SIZE })] : [];
  return { width: barWidth(coloring), height, parts: [...name, ...steps, ...ends] };
}
