/**
 * `npm run bench [-- entry …] [--json | --write] [--short] [--seeds=N] [--runs=N] [--compare=COMMIT]`: measures Fovea beside its peers in one run on this machine and prints
 * ratios, Fovea / peer: below 1 is better for times and memory, above 1 for rates. `--write` puts the tables into the docs;
 * `--short` tests the machinery of `answers`, `sak`, `refine`, `grounding`, `grounding-study`, `law-miniature`, `scale` and `training` in minutes, without figures of use; `--seeds` (default 3) narrows the
 * intervals of `answers`, `sak`, `refine`, `grounding-study` and `law-miniature`.
 * `--runs=N` ends `sak`, `refine` and `law-miniature` after so many new runs; their runs, and those of `grounding-study`, are committed beside the tables, and the next call goes on from there.
 * `--compare=COMMIT` runs the entries on this tree and on a commit by turns and prints ratios.
 */
import { cpus } from "node:os";
import { fail, setup } from "../../binder/setup.mjs";
import { adapters, conflict } from "./adapters.mjs";
import { answers } from "./answers.mjs";
import { combine } from "./combine.mjs";
import { compare } from "./compare.mjs";
import { extraction } from "./extraction.mjs";
import { files } from "./files.mjs";
import { grounding } from "./grounding.mjs";
import { groundingStudy } from "./grounding-study.mjs";
import { hover } from "./hover.mjs";
import { kernels } from "./kernels.mjs";
import { law } from "./law.mjs";
import { lawMiniature } from "./law-miniature.mjs";
import { opening } from "./opening.mjs";
import { keep, section } from "./tables.mjs";
import { refine } from "./refine.mjs";
import { sak } from "./sak.mjs";
import { scale } from "./scale.mjs";
import { training } from "./training.mjs";
import { typing } from "./typing.mjs";

const entries = {
  kernels,
  extraction,
  files,
  hover,
  opening,
  typing,
  law,
  adapters,
  combine,
  conflict,
  training,
  answers,
  sak,
  scale,
  refine,
  grounding,
  "grounding-study": groundingStudy,
  "law-miniature": lawMiniature,
};

const OPTIONS = ["--json", "--write", "--short"];
const SEEDS = /^--seeds=([1-9]\d*)$/;
const RUNS = /^--runs=([1-9]\d*)$/;
const COMPARE = /^--compare=(\S+)$/;

async function main() {
  const args = process.argv.slice(2);
  const wanted = args.filter(
    (arg) => !OPTIONS.includes(arg) && !SEEDS.test(arg) && !RUNS.test(arg) && !COMPARE.test(arg),
  );
  const seeds = args.map((arg) => SEEDS.exec(arg)?.[1]).find(Boolean);
  const limit = args.map((arg) => RUNS.exec(arg)?.[1]).find(Boolean);
  const unknown = wanted.filter((name) => !(name in entries));
  if (unknown.length > 0)
    throw new Error(`npm run bench: no entry ${unknown.join(", ")}, there are ${Object.keys(entries).join(", ")}`);
  const commit = args.map((arg) => COMPARE.exec(arg)?.[1]).find(Boolean);
  if (commit && wanted.length === 0) throw new Error("npm run bench: --compare needs an entry, as kernels");
  await setup();
  const machine = `On ${cpus().length} x ${cpus()[0].model}, Node ${process.versions.node}.`;
  if (commit) return process.stdout.write(`\n${section(await compare(commit, wanted), machine)}`);
  const tables = {};
  for (const name of wanted.length > 0 ? wanted : Object.keys(entries)) {
    tables[name] = await entries[name]({
      short: args.includes("--short"),
      seeds: seeds && Number(seeds),
      limit: limit && Number(limit),
    });
    if (args.includes("--write")) keep(name, tables[name], machine);
    if (!args.includes("--json")) process.stdout.write(`\n${section(tables[name], machine)}`);
  }
  if (args.includes("--json")) process.stdout.write(`${JSON.stringify(tables, null, 2)}\n`);
}

main().catch(fail);
