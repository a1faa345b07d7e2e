/** Benchmarks of two commits by turns, so that a regression is seen before it lands. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../binder/setup.mjs";
import { capture } from "./capture.mjs";

const ROUNDS = 3;

/**
 * Runs entries on this tree and on a commit by turns; returns one table of ratios, this tree / commit. A comparison that was
 * stopped goes on after its last run, where this tree has no changes since its last commit.
 */
export async function compare(commit, entries) {
  const trees = { before: await treeOf(commit), now: root };
  const runs = keptRuns([trees.before.split("/").at(-1), ...entries]);
  const rounds = [];
  for (let i = 0; i < ROUNDS; i++) {
    const round = {};
    for (const [name, tree] of Object.entries(trees))
      round[name] = figuresOf(await runs.once(`${i} ${name}`, async () => JSON.parse(await benched(tree, entries))));
    rounds.push(round);
  }
  return {
    title: `Beside ${commit}`,
    note: `Each entry ran ${ROUNDS} times on both commits by turns. Ratio: this tree / ${commit}, the median of the rounds, and the least and most of them.`,
    rows: rowsOf(rounds),
  };
}

/** Returns a store of runs that remembers them on disk while this tree is at one commit and has no changes. */
function keptRuns(names) {
  const isClean = !git("status", "--porcelain");
  const file = join(root, ".fovea", "compare", `${[git("rev-parse", "--short=12", "HEAD"), ...names].join("-")}.json`);
  const known = isClean && existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  return {
    async once(name, run) {
      known[name] ??= await run();
      if (isClean) writeFileSync(file, JSON.stringify(known));
      return known[name];
    },
  };
}

const git = (...args) => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();

/** Returns a tree of a commit, set up as its own documents say; kept for the next comparison. */
async function treeOf(commit) {
  const hash = git("rev-parse", "--short=12", `${commit}^{commit}`);
  const tree = join(root, ".fovea", "compare", hash);
  if (!existsSync(tree)) {
    mkdirSync(join(root, ".fovea", "compare"), { recursive: true });
    git("clone", "--quiet", "--no-checkout", root, tree);
    git("-C", tree, "checkout", "--quiet", "--detach", hash);
  }
  await capture("npm", ["run", "--silent", "setup"], { cwd: tree, stdio: ["ignore", "pipe", "inherit"] });
  return tree;
}

const benched = (tree, entries) =>
  capture(process.execPath, [join("test", "bench", "run.mjs"), ...entries, "--json"], { cwd: tree });

/** Numbers of tables by their place: entry, words of the row, and column. */
export function figuresOf(tables) {
  const figures = new Map();
  for (const [entry, { rows }] of Object.entries(tables))
    for (const row of rows) {
      // The first column names the row, also where it begins with a digit.
      const cells = Object.entries(row).map(([column, text], at) => ({
        column,
        text,
        value: at ? numberOf(text) : null,
      }));
      const words = cells.filter(({ value }) => value === null).slice(0, 2);
      const place = [entry, ...words.map(({ text }, at) => (at ? withoutFigure(text) : text))].join(" · ");
      for (const { column, value } of cells) if (value !== null) figures.set(`${place} · ${column}`, value);
    }
  return figures;
}

/** The words of a cell without the figure at their end, which differs from run to run: `torch, fp32, 32.4` names its peer. */
const withoutFigure = (text) => String(text).replace(/,?\s-?\d[\d,]*(\.\d+)?(\s\S+)?$/, "");

/** The number at the start of a cell, or null. */
function numberOf(text) {
  const [found] = /^-?\d[\d,]*(\.\d+)?(?![\w-])/.exec(String(text)) ?? [];
  return found === undefined ? null : Number(found.replaceAll(",", ""));
}

/** One row for each figure that both commits have. */
export function rowsOf(rounds) {
  const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
  const isCommon = (name) => rounds.every(({ before, now }) => before.has(name) && now.has(name));
  return [...rounds[0].now.keys()].filter(isCommon).map((name) => {
    const [before, now] = ["before", "now"].map((tree) => rounds.map((round) => round[tree].get(name)));
    const ratios = now.map((value, i) => value / before[i]);
    const [middle, least, most] = [median(ratios), Math.min(...ratios), Math.max(...ratios)].map((one) =>
      one.toFixed(2),
    );
    return {
      figure: name,
      before: median(before),
      now: median(now),
      ratio: middle,
      "least and most": `${least} to ${most}`,
    };
  });
}
