/**
 * `npm run bench [-- entry …] [--json]`: measures Fovea beside its peers in one run on this machine and prints ratios.
 * Ratios are Fovea / peer for times (lower is better) and Fovea / peer for rates (higher is better).
 */
import { cpus } from "node:os";
import { fail, setup } from "../../binder/setup.mjs";
import { extraction } from "./extraction.mjs";
import { hover } from "./hover.mjs";
import { kernels } from "./kernels.mjs";
import { law } from "./law.mjs";

const entries = { kernels, extraction, hover, law };

function printTable({ title, note, rows }) {
  const header = Object.keys(rows[0]);
  process.stdout.write(`\n### ${title}\n\n${note}\n\n`);
  process.stdout.write(`| ${header.join(" | ")} |\n|${header.map(() => "---").join("|")}|\n`);
  for (const row of rows) process.stdout.write(`| ${header.map((name) => row[name]).join(" | ")} |\n`);
}

async function main() {
  const args = process.argv.slice(2);
  const json = args.includes("--json");
  const wanted = args.filter((arg) => arg !== "--json");
  const unknown = wanted.filter((name) => !(name in entries));
  if (unknown.length > 0)
    throw new Error(`npm run bench: no entry ${unknown.join(", ")}, there are ${Object.keys(entries).join(", ")}`);
  await setup();
  const tables = [];
  for (const name of wanted.length > 0 ? wanted : Object.keys(entries)) tables.push(await entries[name]());
  if (json) process.stdout.write(`${JSON.stringify(tables, null, 2)}\n`);
  else {
    process.stdout.write(`${cpus().length} x ${cpus()[0].model}, Node ${process.versions.node}\n`);
    tables.forEach(printTable);
  }
}

main().catch(fail);
