import { elementwise } from "./elementwise";
import type { Rule } from "./graph";
import { layout } from "./layout";
import { named } from "./named";
import { reductions } from "./reduce";

/**
 * Rules of every kernel that is written. The device `native` has other plans for kernels of the same names, because the two
 * ask other things of a kernel: a plan knows its sizes, computes float32 only and leaves to tfjs what a loop does as fast; a
 * rule has every type, sizes that differ between traces, and no device beneath it. They share the encoding of operators.
 */
export const rules: Readonly<Record<string, Rule>> = { ...elementwise, ...layout, ...reductions, ...named };

/** Forms of the results of every kernel that is written. */
export const inferences: Readonly<Record<string, Rule["infer"]>> = Object.fromEntries(
  Object.entries(rules).map(([kernel, rule]) => [kernel, (forms, attributes) => rule.infer(forms, attributes)]),
);
