import { ReferError } from "./error";

/** Published data set whose numbers are known. */
export type ReferName = "refcoco";

/** Numbers of expressions by split (Yu et al., arXiv 1608.00272; people are in testA, other objects in testB). */
export const facts: Readonly<Record<ReferName, Readonly<Record<string, number>>>> = {
  refcoco: { val: 10_834, testA: 5_657, testB: 5_095 },
};

/** Refuses numbers of expressions that are not the published ones, in the splits present. */
export function checkFacts(fn: string, file: string, splits: Readonly<Record<string, number>>, name: ReferName): void {
  if (typeof name !== "string" || !Object.hasOwn(facts, name))
    throw new ReferError(fn, file, `facts are of ${Object.keys(facts).join(", ")}`, name);
  for (const [split, count] of Object.entries(splits)) {
    if (Object.hasOwn(facts[name], split) && facts[name][split] !== count)
      throw new ReferError(fn, file, `${split} of ${name} must have ${facts[name][split]} expressions`, count);
  }
}
