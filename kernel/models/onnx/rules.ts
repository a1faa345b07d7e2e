import { elementwise } from "./elementwise";
import type { Rule } from "./graph";
import { layout } from "./layout";
import { named } from "./named";
import { reductions } from "./reduce";

/** Rules of every kernel that is written. */
export const rules: Readonly<Record<string, Rule>> = { ...elementwise, ...layout, ...reductions, ...named };

/** Forms of the results of every kernel that is written. */
export const inferences: Readonly<Record<string, Rule["infer"]>> = Object.fromEntries(
  Object.entries(rules).map(([kernel, rule]) => [kernel, (forms, attributes) => rule.infer(forms, attributes)]),
);
