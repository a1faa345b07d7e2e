import { seedMean } from "../tasks/seeds";

/** A figure with the half width of its 95 % interval; null where there is none. */
export interface RefineFigure {
  value: number;
  half: number | null;
}

/**
 * Returns figures of a sample with 95 % intervals by the jackknife: Student's t on Tukey's pseudo-values, each the effect of one part of
 * the sample (Efron and Tibshirani 1993, section 11.5).
 *
 * @param parts number of parts, at least 2 for an interval
 * @param measure figures by name without one part, or of all for -1
 */
export function jackknife(
  parts: number,
  measure: (without: number) => Readonly<Record<string, number>>,
): Record<string, RefineFigure> {
  const whole = measure(-1);
  const left = parts > 1 ? Array.from({ length: parts }, (_, part) => measure(part)) : [];
  const figures = Object.entries(whole).map(([name, value]): [string, RefineFigure] => {
    const pseudo = left.map((figuresWithout) => parts * value - (parts - 1) * figuresWithout[name]);
    return [name, { value, half: pseudo.length ? seedMean(pseudo).half : null }];
  });
  return Object.fromEntries(figures);
}
