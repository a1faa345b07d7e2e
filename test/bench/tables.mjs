/** Tables of the benchmark as Markdown, and where they are kept. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../binder/setup.mjs";

const RESULTS = join(root, "test", "bench", "RESULTS.md");
const SUMMARY = join(root, "docs", "benchmarks.md");

export function markdown(rows) {
  const header = Object.keys(rows[0]);
  const lines = [header, header.map(() => "---"), ...rows.map((row) => header.map((name) => row[name]))];
  return lines.map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

export function section({ title, note, rows, more = [] }, machine) {
  const rest = more.map((table) => `${table.note}\n\n${markdown(table.rows)}\n`).join("");
  return `### ${title}\n\n${note}\n\n${markdown(rows)}\n${rest}${machine}\n`;
}

/** Puts an entry's table into RESULTS.md, its summary into docs/benchmarks.md, its data beside and its files into their places; the rest of both stays. */
export function keep(name, table, machine) {
  if (table.data)
    writeFileSync(join(root, "test", "bench", `${name}.json`), `${JSON.stringify(table.data, null, 1)}\n`);
  for (const [path, text] of Object.entries(table.files ?? {})) writeFileSync(join(root, path), text);
  edit(RESULTS, name, section(table, machine));
  if (table.summary) edit(SUMMARY, name, markdown(table.summary));
}

function edit(path, name, text) {
  const [begin, end] = [`<!-- bench ${name} -->\n`, `<!-- /bench ${name} -->`];
  const old = readFileSync(path, "utf8");
  const [from, to] = [old.indexOf(begin), old.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`npm run bench: ${path} must have the lines ${begin.trim()} and ${end}`);
  writeFileSync(path, `${old.slice(0, from + begin.length)}\n${text.trimEnd()}\n\n${old.slice(to)}`);
}
