/**
 * `node test/mutants.mjs [--rooms=law,tasks] [--count=60] [--seed=1] [--numbers=3,17-20]`: the share of small mistakes in the source that
 * the unit tests do not notice.
 *
 * Each mutant has one operator, constant or condition of a room changed, in a copy of the repository; the tests of that room which import the
 * changed file run until one fails. Mutants that compute the same, or that only cost time, stand in `mutants-equivalent.json` with the reason
 * and do not count. `--numbers` runs only these of the sample, as after a new test.
 */
import { spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { constants, setPriority, tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { tsImport } from "tsx/esm/api";
import ts from "typescript";

const ROOT = join(import.meta.dirname, "..");
const ROOMS = ["numeric", "law", "similarity", "lora", "tasks", "sak", "refine", "grounding", "encoders/preprocess"];
/** Folders of tests by room, where their names differ. */
const TESTED_IN = { similarity: ["law", "refine"] };
const EQUIVALENT = join(import.meta.dirname, "mutants-equivalent.json");
/** A test that takes longer than this, in milliseconds, hangs. */
const PATIENCE = 240_000;

const OPERATORS = {
  "+": "-",
  "-": "+",
  "*": "/",
  "/": "*",
  "%": "*",
  "<": "<=",
  "<=": "<",
  ">": ">=",
  ">=": ">",
  "===": "!==",
  "!==": "===",
  "&&": "||",
  "||": "&&",
  "??": "&&",
  "+=": "-=",
  "-=": "+=",
  "*=": "/=",
  "/=": "*=",
};

const option = (name, fallback) =>
  process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3) ?? fallback;

function filesBelow(folder, ending) {
  return readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .sort();
}

/** Every place of a file that can be changed, with the text that goes in. */
function sitesOf(file) {
  const text = readFileSync(join(ROOT, file), "utf8");
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const sites = [];
  const add = (node, becomes) => {
    const start = node.getStart(source);
    const line = source.getLineAndCharacterOfPosition(start).line;
    const shown = text.split("\n")[line].trim();
    sites.push({ file, line: line + 1, shown, start, end: node.end, was: text.slice(start, node.end), becomes });
  };
  const visit = (node) => {
    // The words of an error are no computation, and the compiler refuses a change of a table of options.
    if (ts.isThrowStatement(node) || ts.isTypeNode(node) || ts.isImportDeclaration(node)) return;
    if (ts.isVariableDeclaration(node) && node.type?.getText(source).startsWith("OptionNames")) return;
    if (ts.isBinaryExpression(node)) changeOperator(node, source, add);
    else if (ts.isNumericLiteral(node) && !ts.isPropertyAssignment(node.parent)) add(node, `(${node.text} + 1)`);
    else if (ts.isNumericLiteral(node) && node.parent.initializer === node) add(node, `(${node.text} + 1)`);
    else if (node.kind === ts.SyntaxKind.TrueKeyword) add(node, "false");
    else if (node.kind === ts.SyntaxKind.FalseKeyword) add(node, "true");
    const condition = conditionOf(node);
    if (condition) add(condition, `!(${condition.getText(source)})`);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return sites;
}

function changeOperator(node, source, add) {
  const sign = node.operatorToken.getText(source);
  const joinsText = [node.left, node.right].some(
    (side) => ts.isStringLiteralLike(side) || ts.isTemplateExpression(side),
  );
  if (Object.hasOwn(OPERATORS, sign) && !(sign.startsWith("+") && joinsText)) add(node.operatorToken, OPERATORS[sign]);
}

function conditionOf(node) {
  if (ts.isIfStatement(node)) return ts.isThrowStatement(node.thenStatement) ? undefined : node.expression;
  return ts.isConditionalExpression(node) ? node.condition : undefined;
}

/** A copy of the repository in which the mutants are made: sources and tests copied, everything else linked. */
function copyOf() {
  const copy = mkdtempSync(join(tmpdir(), "fovea-mutants-"));
  const linked = ["node_modules", join("kernel", "node_modules"), join("kernel", "zoo"), join("kernel", "dist")];
  const isCopied = (path) => !linked.includes(relative(ROOT, path));
  for (const part of ["kernel", "test", "binder", "package.json", "tsconfig.json"])
    cpSync(join(ROOT, part), join(copy, part), { recursive: true, filter: isCopied });
  for (const part of linked) symlinkSync(join(ROOT, part), join(copy, part));
  return copy;
}

/** Files of the repository that a file imports, directly or not, and itself. */
function closureOf(file, direct) {
  const seen = new Set([file]);
  for (const at of seen) {
    if (!direct.has(at)) direct.set(at, importsOf(at));
    for (const next of direct.get(at)) seen.add(next);
  }
  return seen;
}

function importsOf(file) {
  const text = readFileSync(join(ROOT, file), "utf8");
  const named = [...text.matchAll(/(?:from |import |import\()"(\.[^"]*)"/g)].map((match) =>
    join(dirname(file), match[1]),
  );
  return named
    .map((path) =>
      [`${path}.ts`, join(path, "index.ts"), path].find((one) => one.endsWith(".ts") && existsSync(join(ROOT, one))),
    )
    .filter((path) => path !== undefined);
}

/** Test files by the source files that they import; those that import least come first. */
function testsByFile(folders) {
  const [reached, direct] = [new Map(), new Map()];
  const tests = folders.flatMap((folder) => filesBelow(join("test", folder), ".test.ts"));
  const closures = tests.map((test) => ({ test, files: closureOf(test, direct) }));
  for (const { test, files } of closures.sort((a, b) => a.files.size - b.files.size))
    for (const file of files) reached.set(file, [...(reached.get(file) ?? []), test]);
  return reached;
}

/** Runs one test file; returns whether it passed. */
function passes(copy, test) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["--import", "tsx", test], { cwd: copy, stdio: "ignore", detached: true });
    // A test may have children; the group ends as one.
    const timer = setTimeout(() => process.kill(-child.pid, "SIGKILL"), PATIENCE);
    child.on("exit", (code) => {
      clearTimeout(timer);
      resolve(code === 0);
    });
  });
}

/** Returns the test that notices a mutant, or undefined. A test that fails without it too is no witness. */
async function noticedBy(copy, site, tests, sound) {
  const path = join(copy, site.file);
  const text = readFileSync(path, "utf8");
  try {
    for (const test of tests.filter((test) => sound.get(test) !== false)) {
      writeFileSync(path, text.slice(0, site.start) + site.becomes + text.slice(site.end));
      if (await passes(copy, test)) continue;
      writeFileSync(path, text);
      if (!sound.has(test)) sound.set(test, await passes(copy, test));
      if (sound.get(test)) return test;
      process.stdout.write(`${test} fails without a mutant and is left out\n`);
    }
  } finally {
    writeFileSync(path, text);
  }
  return undefined;
}

function testFoldersOf(room) {
  const name = room.split("/")[0];
  return TESTED_IN[name] ?? [name];
}

/** The tests of a room; those named like the file come first. */
function testsOf(site, reached) {
  const folders = testFoldersOf(site.file.split("/")[1]).map((folder) => join("test", folder, "/"));
  const name = basename(site.file, ".ts");
  const all = (reached.get(site.file) ?? []).filter((test) => folders.some((folder) => test.startsWith(folder)));
  const isNamed = (test) => test.includes(name) || test.includes(basename(dirname(site.file)));
  return [...all.filter(isNamed), ...all.filter((test) => !isNamed(test))];
}

/** Whole numbers of `3,17-20`. */
function numbersIn(text) {
  return text
    .split(",")
    .filter(Boolean)
    .flatMap((part) => {
      const [first, last = first] = part.split("-").map(Number);
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    });
}

async function main() {
  setPriority(0, constants.priority.PRIORITY_LOW);
  const rooms = option("rooms", ROOMS.join(",")).split(",");
  const [count, seed] = [Number(option("count", "60")), Number(option("seed", "1"))];
  const { Prng } = await tsImport("../kernel/numeric/prng.ts", import.meta.url);
  const sites = rooms.flatMap((room) => filesBelow(join("kernel", room), ".ts")).flatMap(sitesOf);
  const random = new Prng(seed);
  const drawn = sites.map((site) => ({ site, at: random.next() })).sort((a, b) => a.at - b.at);
  const sample = drawn.slice(0, count).map(({ site }) => site);
  const wanted = numbersIn(option("numbers", ""));
  const reasons = new Map(
    JSON.parse(readFileSync(EQUIVALENT, "utf8")).map(({ file, line, was, becomes, why }) => [
      [file, line, was, becomes].join("\n"),
      why,
    ]),
  );
  const reached = testsByFile([...new Set(rooms.flatMap(testFoldersOf))]);
  const copy = copyOf();
  const totals = { noticed: 0, missed: 0, equivalent: 0 };
  process.stdout.write(`${sample.length} of ${sites.length} possible mutants in ${rooms.join(", ")}, seed ${seed}\n`);
  try {
    const sound = new Map();
    for (const [i, site] of sample.entries()) {
      if (wanted.length > 0 && !wanted.includes(i + 1)) continue;
      const why = reasons.get([site.file, site.shown, site.was, site.becomes].join("\n"));
      const test = why ? undefined : await noticedBy(copy, site, testsOf(site, reached), sound);
      const outcome = why ? "equivalent" : test ? "noticed" : "missed";
      totals[outcome]++;
      const change = `${site.was} -> ${site.becomes}`.replace(/\s+/g, " ");
      process.stdout.write(
        `${String(i + 1).padStart(3)} ${outcome.padEnd(10)} ${site.file}:${site.line}  ${change}  in: ${site.shown}${why ? `  (${why})` : ""}\n`,
      );
    }
  } finally {
    rmSync(copy, { recursive: true });
  }
  const counted = totals.noticed + totals.missed;
  const share = counted ? ((100 * totals.missed) / counted).toFixed(1) : "-";
  process.stdout.write(
    `${totals.noticed} noticed, ${totals.missed} missed (${share} % of ${counted}), ${totals.equivalent} equivalent\n`,
  );
}

await main();
