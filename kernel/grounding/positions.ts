import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import type { Grid } from "../contracts/geometry";

const TEMPERATURE = 10_000;

/** Returns sin(position · frequency) in even channels and cos in odd ones. */
const wave = (position: number, frequency: number, channel: number): number =>
  channel % 2 === 0 ? Math.sin(position * frequency) : Math.cos(position * frequency);

/**
 * Returns sine positions of words (arXiv 1706.03762, section 3.5), from 0: [1, count, C]. With `legacy` frequencies are cut to whole
 * numbers, 1, 0, 0, …, as in SimVG's release.
 */
export function textPositions(count: number, C: number, legacy: boolean): Tensor {
  const values = Float32Array.from({ length: count * C }, (_, i) => {
    const frequency = TEMPERATURE ** -((2 * Math.floor((i % C) / 2)) / C);
    return wave(Math.floor(i / C), legacy ? Math.trunc(frequency) : frequency, i % C);
  });
  return tf.tensor(values, [1, count, C]);
}

/** Keeps the last row from being more than 2π. */
const EPS = 1e-6;

/**
 * Returns sine positions of a grid's cells, [1, rows · columns, C]: rows in the first half of the channels, columns in the second,
 * counted from 1 and brought to 2π at the end (DETR, arXiv 2005.12872, appendix A.4).
 */
export function gridPositions([rows, columns]: Grid, C: number): Tensor {
  const half = C / 2;
  const values = Float32Array.from({ length: rows * columns * C }, (_, i) => {
    const [cell, channel] = [Math.floor(i / C), i % C];
    const isRow = channel < half;
    const [at, size] = isRow ? [Math.floor(cell / columns), rows] : [cell % columns, columns];
    const frequency = TEMPERATURE ** -((2 * Math.floor((channel % half) / 2)) / half);
    return wave(((at + 1) / (size + EPS)) * 2 * Math.PI, frequency, channel % half);
  });
  return tf.tensor(values, [1, rows * columns, C]);
}
