/** Largest number of tensors in one operation. */
const TOGETHER = 64;

/** Returns groups of items whose tensors go through one operation together. */
export const together = <T>(all: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(all.length / TOGETHER) }, (_, i) => all.slice(i * TOGETHER, (i + 1) * TOGETHER));
