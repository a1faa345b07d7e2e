/** `fovea publish`. */
import { parseArgs } from "node:util";
import { write, type WrittenPage } from "../publish";
import { print } from "./arguments";
import { USAGE } from "./usage";

const OPTIONS = {
  output: { type: "string", short: "o" },
  lang: { type: "string" },
  json: { type: "boolean" },
} as const;

/**
 * Runs `fovea publish`.
 *
 * @throws Error for arguments that the usage does not allow
 */
export async function main(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  const [notebook, ...more] = positionals;
  if (!notebook || more.length > 0) throw new Error(`publish: one NOTEBOOK.ipynb is needed\n\n${USAGE.publish}`);
  const written = await write(notebook, { output: values.output, lang: values.lang });
  print(values.json, written, () => linesOf(written));
}

function linesOf({ output, cells, views, bytes, areViewersBuilt }: WrittenPage): string[] {
  const line = `${output}: ${cells} cells, ${views} living views, ${(bytes / 1e6).toFixed(1)} MB`;
  return areViewersBuilt ? [line] : [line, "The viewers were not built: the page shows still pictures instead."];
}
