/** Tables of the benchmark as Markdown, and where they are kept. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../binder/setup.mjs";

const RESULTS = join(root, "test", "bench", "RESULTS.md");
const SUMMARY = join(root, "docs", "benchmarks.md");

export function markdown(rows) {
  if (!rows.length) return "No row is complete yet.\n";
  const header = Object.keys(rows[0]);
  const lines = [header, header.map(() => "---"), ...rows.map((row) => header.map((name) => row[name]))];
  return lines.map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

export function section({ title, note, rows, more = [] }, machine) {
  const rest = more.map((table) => `${table.note}\n\n${markdown(table.rows)}\n`).join("");
  return `### ${title}\n\n${note}\n\n${markdown(rows)}\n${rest}${machine}\n`;
}

const dataFile = (name) => join(root, "test", "bench", `${name}.json`);

/**
 * Puts the committed runs of a study into its folder where it has none, so that a long study goes on on another machine with the
 * runs that are missing. They belong to one identity, which is in the folder's name.
 */
export function restore(name, folder, prefix = "") {
  if (!existsSync(dataFile(name))) return;
  const { identity, runs } = JSON.parse(readFileSync(dataFile(name), "utf8"));
  const place = join(folder, `${prefix}${identity}`);
  if (identity === undefined || existsSync(join(place, "study.json"))) return;
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, "study.json"), `${JSON.stringify({ identity, runs }, null, 1)}\n`);
}

/** Puts an entry's table into RESULTS.md, its summary into docs/benchmarks.md, its data beside and its files into their places; the rest of both stays. */
export function keep(name, table, machine) {
  if (table.data) writeFileSync(dataFile(name), `${JSON.stringify(table.data, null, 1)}\n`);
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
