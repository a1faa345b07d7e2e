/** The notebook of the law and alignment viewers' tests. */
import { notebook } from "./notebook";

export const LAW_CELL = `import { law, view } from "fovea";

const table = law.published();
view.law(table, (options) => law.fit(table, options), { title: "Published table", benchmark: "mmbench_en" })`;

export function lawNotebook(): object {
  return notebook([LAW_CELL].map((source) => ({ source })));
}
