/** The law of vision representation in miniature: representations x benchmarks of the world under one protocol, and the law fitted to them. */
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { root } from "../../binder/setup.mjs";
import { markdown, restore } from "./tables.mjs";

const require = createRequire(join(root, "kernel", "package.json"));
const FOLDER = join(root, ".fovea", "law-miniature");
/** Permutations of the scores behind each p value. */
const PERMUTATIONS = 1000;
/** Tables with shuffled scores, on which the policy is replayed as a control. */
const SHUFFLES = 20;
/** Rows of the table of predictors: names as in the table, and degree. */
const MODELS = [
  { name: "A and C, degree 2", predictors: ["a", "c"], degree: 2 },
  { name: "A and C, degree 1", predictors: ["a", "c"], degree: 1 },
  { name: "A", predictors: ["a"], degree: 1 },
  { name: "C (PCK@0.1)", predictors: ["c"], degree: 1 },
  { name: "PCK@0.01", predictors: ["c01"], degree: 1 },
  { name: "left-right confusions", predictors: ["confusions"], degree: 1 },
  { name: "reciprocal rate", predictors: ["reciprocal"], degree: 1 },
  { name: "A by likelihood of the answers", predictors: ["likelihood"], degree: 1 },
  { name: "linear CKA with the first reference", predictors: ["cka"], degree: 1 },
  { name: "mutual k-NN with the first reference", predictors: ["knn"], degree: 1 },
  { name: "Gromov-Wasserstein to the scenes in words", predictors: ["gw"], degree: 1 },
  { name: "LogME of the category", predictors: ["logme"], degree: 1 },
  { name: "number of parameters", predictors: ["parameters"], degree: 1 },
];

/** A study that was stopped goes on with the runs that are missing. `limit` ends it after so many new runs. */
export async function lawMiniature({ short = false, seeds, folder = FOLDER, limit } = {}) {
  const { law, nn, studies } = require("fovea");
  const device = await nn.start(short ? "wasm" : "auto");
  const usual = short ? studies.LAW_MINIATURE_SHORT : studies.LAW_MINIATURE;
  const settings = { ...usual, seeds: seeds ?? usual.seeds };
  mkdirSync(folder, { recursive: true });
  if (!short) restore("law-miniature", folder, "runs-");
  const study = await studies.lawMiniature({
    settings,
    folder: short ? join(folder, "short") : folder,
    limit,
    onProgress: ({ part, done, total }) => progress(`${part}: ${done} of ${total}`),
    onStep: ({ representation, seed }, { stage, done, total, loss }) =>
      progress(`seed ${seed}, ${representation}, ${stage}: update ${done} of ${total}, loss ${loss.toFixed(3)}`),
    onRun: ({ representation, seed, scores, seconds }, done, total) =>
      progress(
        `${done} of ${total}: seed ${seed}, ${representation}: ${percent(mean(Object.values(scores)))} %, ${seconds.toFixed(0)} s`,
        true,
      ),
  });
  const scores = scoreTable(studies, study);
  if (!study.measured.length) return { ...titleOf(study, device, short), rows: scores };
  const csv = studies.lawMiniatureTable(study);
  const table = varied(law.parseTable(csv, { extra: [...studies.lawMiniaturePredictors] }));
  writeFileSync(join(folder, "law-miniature.csv"), csv);
  const result = {
    ...titleOf(study, device, short),
    rows: scores,
    more: [
      {
        note: "Predictors, measured on pictures that no encoder trained on; A, the mean over the benchmarks, after the connector's stage:",
        rows: predictorTable(study),
      },
      ...analysis(law, table),
    ],
  };
  if (short) return result;
  return {
    ...result,
    data: study,
    files: {
      "docs/law-in-miniature.csv": csv,
      "kernel/studies/law-miniature/measured-table.ts": moduleOf(csv),
      "docs/law-in-miniature.md": pageOf(result),
    },
  };
}

/** The table as a module, so that notebooks have it from the library. */
export function moduleOf(csv) {
  const words =
    "/** The table of the law in miniature for `law.parseTable`, as `npm run bench -- law-miniature --write` measured it; `docs/law-in-miniature.md` tells how. */";
  return `${words}\nexport const LAW_MINIATURE_CSV = \`\n${csv}\`.trimStart();\n`;
}

/** The page of the documentation: what was done, which claims hold, and the tables. */
export function pageOf({ note, rows, more }) {
  const [predictors, regression, fits, replay, transfer, claimed] = more;
  const table = ({ note: words, rows: lines }) => `${words}\n\n${markdown(lines)}`;
  return (
    [
      "# The law in miniature",
      "The law of vision representation ([arXiv 2408.16357](https://arxiv.org/abs/2408.16357)) says that two numbers of a frozen vision encoder, its cross-modal " +
        "alignment A and its correspondence C, predict how good a multimodal model becomes that uses it. `npm run bench -- law-miniature` repeats the experiment " +
        "on the synthetic world with small encoders and prints this page; `-- law-miniature --write` writes it. Figures are those of the last run.",
      "## Which claims hold",
      markdown(claimed.rows),
      "The verdicts are rules of the bench applied to the tables below. They are about this miniature: small encoders, a small reader, few pictures and one synthetic " +
        "world, with few questions and, where the table says one seed, without a measure of what another training would give. Several representations answer several benchmarks no better " +
        "than chance. Where scores are noise, no law can be seen, and none is refuted.",
      "## The experiment",
      note,
      "The multimodal model is no pretrained language model: `zoo/reading-llama` answers three of the question types no better than a coin and knows no letters, so a small " +
        "reader that learns from scenes in words takes its place. A question is the sum of its words, looks at the tokens of a scene in a few layers of attention, and ends at a word. " +
        "Stage by stage the protocol is the paper's: the connector alone against the frozen reader, then both. The A score is measured after the first of these stages against " +
        "the connectors of `clip-vit` at two resolutions, as the paper compares with CLIP at two. C is PCK on pairs in SPair-71k's layout, at each encoder's own grid. " +
        "A has a weakness here: connectors of equal width start from the same values within a seed, and after so short a training tokens still resemble each other for that " +
        "reason, so that pairs of encoders, whose connectors are wider, have a lower A than any of their parts. " +
        "The A score by likelihood is the paper's second definition with answers in place of captions: it sees the right answers to the asked questions, on which the scores " +
        "are counted later, so that it is the nearest to a training that was begun, and no free prediction. " +
        "Length and rates of the stages were set after one training of `clip-vit` and of `dino-hybrid` on questions of the validation split; the figures are of the test split. " +
        "Zero-shot accuracy is not among the predictors: only two of the eight encoders have a text tower.",
      "## Scores",
      markdown(rows),
      "## Predictors",
      table(predictors),
      "## The regression",
      table(regression),
      table(fits),
      "## Policy and planner",
      table(replay),
      "## Out of sample",
      table(transfer),
    ]
      .join("\n\n")
      .replace(/\n{3,}/g, "\n\n")
      .trimEnd() + "\n"
  );
}

/** Tables of the law on a table of the miniature, for the bench and for a reader who has the CSV alone. */
export function analysis(law, table) {
  const published = law.publishedTable();
  return [
    {
      note:
        `The regression of the paper on each benchmark with spread: six coefficients from ${table.encoders.length} rows. Adjusted R2, leave-one-out Q2, ` +
        `share of ${PERMUTATIONS} permutations that fit as well, and the lowest and highest R2 when one representation is left out:`,
      rows: regressionTable(law, table),
    },
    {
      note: "Means over the benchmarks for each predictor, and what as many random columns would have in the mean:",
      rows: predictorFits(law, table),
    },
    {
      note:
        "The AC policy and the planner replayed; means over the benchmarks. At random, the best is known when it is drawn; the others know it when it is " +
        "among the three best predicted, which happens by chance too: the row on shuffled scores shows how often:",
      rows: replayTable(law, table),
    },
    {
      note: "Out of sample: every benchmark of one table predicts every one of the other with its coefficients, both scaled to their own ranges:",
      rows: transferTable(law, table, published),
    },
    { note: "Claims:", rows: claims(law, table, published) },
  ];
}

/** A table without the benchmarks on which all representations score the same. */
function varied(table) {
  const scores = (name) => table.rows.filter(({ benchmark }) => benchmark === name).map(({ score }) => score);
  const benchmarks = table.benchmarks.filter((name) => new Set(scores(name)).size > 1);
  return { ...table, benchmarks, rows: table.rows.filter(({ benchmark }) => benchmarks.includes(benchmark)) };
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const percent = (value) => (value === null ? "-" : value.toFixed(1));
const share = (value) => (value === null || Number.isNaN(value) ? "-" : (100 * value).toFixed(1));
const written = ({ mean: middle, half }) => (half === null ? percent(middle) : `${percent(middle)} ± ${percent(half)}`);

function titleOf({ settings, runs, baselines, seconds }, device, isShort) {
  const { representations, pictures, told, asked, updates, rates, batchSize, questions, split } = settings;
  const total = representations.length * settings.seeds;
  return {
    title: isShort ? "The law in miniature: the machinery alone" : "The law in miniature",
    note:
      `Right answers in percent to ${asked} questions of each benchmark on the world's ${split} split. A reader learns from ${told} scenes in words ` +
      `(${updates.words} updates at ${rates.words}); for each frozen representation a connector learns from ${pictures.crowd + pictures.sign} pictures, alone ` +
      `(${updates.connector} updates at ${rates.connector}) and with the reader (${updates.together} at ${rates.together}), in batches of ${batchSize} pictures with ` +
      `${questions} questions each. Means over seeds with 95 % intervals over trainings. ${runs.length} of ${total} runs are finished, ` +
      `${seconds.toFixed(0)} s on ${device}. Told in words, the mean of the benchmarks is ${percent(mean(Object.values(baselines.told)))} %.` +
      (isShort ? " So short that the figures mean nothing: this shows that all of it runs." : ""),
  };
}

function scoreTable(studies, study) {
  const { chance, majority, told } = study.baselines;
  const plain = (name, scores) => ({
    representation: name,
    seeds: "-",
    ...Object.fromEntries(Object.entries(scores).map(([benchmark, value]) => [benchmark, percent(value)])),
    mean: percent(mean(Object.values(scores))),
  });
  const rows = studies.summarizeLawMiniature(study).map(({ representation, seeds, byBenchmark, all }) => ({
    representation,
    seeds,
    ...Object.fromEntries(Object.entries(byBenchmark).map(([name, value]) => [name, written(value)])),
    mean: written(all),
  }));
  return [plain("chance", chance), plain("most frequent answer", majority), plain("told in words", told), ...rows];
}

function predictorTable({ measured }) {
  return measured.map(
    ({ representation, a, likelihood, pck, confusions, reciprocal, cka, knn, gw, logme, parameters }) => ({
      representation,
      A: mean(Object.values(a)).toFixed(3),
      "A by likelihood": mean(Object.values(likelihood)).toFixed(3),
      "PCK@0.1": percent(pck[0]),
      "PCK@0.05": percent(pck[1]),
      "PCK@0.01": percent(pck[2]),
      confusions: percent(confusions),
      reciprocal: percent(reciprocal),
      CKA: cka.toFixed(3),
      "k-NN": knn.toFixed(3),
      GW: gw.toFixed(4),
      LogME: logme.toFixed(3),
      parameters,
    }),
  );
}

function regressionTable(law, table) {
  const { benchmarks } = law.fit(table, { permutations: PERMUTATIONS });
  const withoutOne = table.encoders.map((left) => law.fit(without(table, left)).benchmarks);
  const linear = law.fit(table, { degree: 1 }).benchmarks;
  return Object.entries(benchmarks).map(([name, { r2, adjustedR2, looQ2, permutationP }]) => {
    const others = withoutOne.map((fit) => fit[name].r2).sort((a, b) => a - b);
    return {
      benchmark: name,
      "R2, %": share(r2),
      "adjusted, %": share(adjustedR2),
      "Q2, %": share(looQ2),
      "permutation p": permutationP.toFixed(3),
      "without one, %": `${share(others[0])} to ${share(others.at(-1))}`,
      "degree 1 R2, %": share(linear[name].r2),
      "degree 1 Q2, %": share(linear[name].looQ2),
    };
  });
}

function without(table, encoder) {
  const rows = table.rows.filter((row) => row.encoder !== encoder);
  return { ...table, rows, encoders: table.encoders.filter((name) => name !== encoder) };
}

function predictorFits(law, table) {
  return MODELS.filter(({ predictors }) => predictors.every((name) => spread(table, name))).map(
    ({ name, predictors, degree }) => {
      const { options, groups } = law.fit(table, { predictors, degree });
      return {
        predictor: name,
        "R2, %": share(groups.all.r2),
        "random columns, %": share(options.terms.length / (table.encoders.length - 1)),
        "adjusted, %": share(groups.all.adjustedR2),
        "Q2, %": share(groups.all.looQ2),
      };
    },
  );
}

/** Tells whether a predictor differs between representations on every benchmark. */
function spread(table, name) {
  return table.benchmarks.every(
    (benchmark) =>
      new Set(table.rows.filter((row) => row.benchmark === benchmark).map((row) => row.predictors[name])).size > 1,
  );
}

function replayTable(law, table) {
  const { overall } = law.policy(table, { trials: PERMUTATIONS });
  const { meanTrained, found, meanRegret } = law.replayPlan(table).overall;
  return [
    ...Object.entries(overall).map(([name, { meanDraws, anytime }]) => ({
      strategy: name === "ac" ? "AC policy" : name,
      "trainings until the best is known": meanDraws.toFixed(2),
      "known after 4, %": share(anytime[3]),
      "left to the best, % of the range": "-",
    })),
    {
      strategy: `AC policy on shuffled scores, mean of ${SHUFFLES}`,
      "trainings until the best is known": shuffledDraws(law, table).toFixed(2),
      "known after 4, %": "-",
      "left to the best, % of the range": "-",
    },
    {
      strategy: `planner, which stops by itself (finds the best in ${share(found)} %)`,
      "trainings until the best is known": meanTrained.toFixed(2),
      "known after 4, %": "-",
      "left to the best, % of the range": share(meanRegret),
    },
  ];
}

/** Trainings that the AC policy needs where A and C know nothing: it may be right by its three guesses alone. */
function shuffledDraws(law, table) {
  const { nn } = require("fovea");
  const draws = Array.from({ length: SHUFFLES }, (_, seed) => {
    const random = new nn.Prng(seed, "shuffled scores");
    const rows = table.benchmarks.flatMap((benchmark) => {
      const own = table.rows.filter((row) => row.benchmark === benchmark);
      const keyed = own.map(({ score }) => ({ score, key: random.next() })).sort((a, b) => a.key - b.key);
      return own.map((row, i) => ({ ...row, score: keyed[i].score }));
    });
    return law.policy({ ...table, rows }, { trials: 100, strategies: ["ac"] }).overall.ac.meanDraws;
  });
  return mean(draws);
}

function transferTable(law, table, published) {
  const ways = [
    { name: "published predicts miniature", from: published, to: table },
    { name: "miniature predicts published", from: table, to: published },
  ];
  return ways.flatMap(({ name, from, to }) =>
    [1, 2].map((degree) => {
      const found = law.transfer(from, to, { degree });
      const known = found.flatMap(({ spearman }) => spearman ?? []);
      return {
        way: name,
        degree,
        pairs: found.length,
        "mean R2, %": share(mean(found.map(({ r2 }) => r2))),
        "mean rank correlation": known.length ? mean(known).toFixed(3) : "-",
        "best in the top 3, %": share(mean(found.map(({ bestInTop3 }) => Number(bestInTop3)))),
        "by chance, %": share(3 / to.encoders.length),
      };
    }),
  );
}

/** The paper's claims beside what the table says; the words follow from the figures. */
function claims(law, table, published) {
  const fit = (predictors, degree) => law.fit(table, { predictors, degree }).groups.all;
  const [both, linear, a, c] = [fit(["a", "c"], 2), fit(["a", "c"], 1), fit(["a"], 2), fit(["c"], 2)];
  const tested = law.fit(table, { permutations: PERMUTATIONS }).benchmarks;
  const significant = Object.values(tested).filter(({ permutationP }) => permutationP < 0.05).length;
  const { overall } = law.policy(table, { trials: 1000 });
  const across = law.transfer(published, table, { degree: 2 }).flatMap(({ spearman }) => spearman ?? []);
  const control = shuffledDraws(law, table);
  const expected = 5 / (table.encoders.length - 1);
  const verdict = (holds) => (holds ? "holds" : "does not hold");
  return [
    {
      claim: "A and C together explain nearly all of the scores (95.7 % on the paper's vision benchmarks)",
      miniature: `R2 ${share(both.r2)} %, where five random columns have ${share(expected)} % in the mean`,
      verdict: verdict(both.r2 >= 0.9),
    },
    {
      claim: "The fit predicts representations that it has not seen",
      miniature: `leave-one-out Q2 ${share(both.looQ2)} %, with degree 1 ${share(linear.looQ2)} %`,
      verdict:
        (both.looQ2 ?? -1) > 0 ? "holds" : (linear.looQ2 ?? -1) > 0 ? "holds with degree 1 alone" : "does not hold",
    },
    {
      claim: "Every benchmark follows the law",
      miniature: `${significant} of ${Object.keys(tested).length} benchmarks have a permutation p below 0.05`,
      verdict: verdict(significant === Object.keys(tested).length),
    },
    {
      claim: "A and C together are better than either alone",
      miniature: `adjusted R2 ${share(both.adjustedR2)} %, A alone ${share(a.adjustedR2)} %, C alone ${share(c.adjustedR2)} %`,
      verdict: verdict(both.adjustedR2 > Math.max(a.adjustedR2, c.adjustedR2)),
    },
    {
      claim: "The AC policy finds the best encoder with fewer trainings than drawing at random",
      miniature:
        `${overall.ac.meanDraws.toFixed(2)} trainings, at random ${overall.random.meanDraws.toFixed(2)}; ` +
        `but ${control.toFixed(2)} on shuffled scores, because a right guess among three counts as found`,
      verdict: verdict(overall.ac.meanDraws < Math.min(overall.random.meanDraws, control)),
    },
    {
      claim: "The published fit orders other encoders under another model (not claimed by the paper)",
      miniature: `mean rank correlation ${across.length ? mean(across).toFixed(3) : "-"}`,
      verdict: verdict(across.length > 0 && mean(across) > 0.3),
    },
  ];
}

function progress(text, isLasting = false) {
  if (!process.stderr.isTTY) return isLasting ? void process.stderr.write(`bench law-miniature: ${text}\n`) : undefined;
  process.stderr.write(`\r\x1b[K${text}${isLasting ? "\n" : ""}`);
}
