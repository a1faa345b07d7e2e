/** Tables of the study of several teachers. */
import { METHODS, pathOf, TASKS } from "./settings.mjs";

const names = Object.keys(TASKS);
/** Percent, and degrees as they are. */
const factorOf = (task) => (task === "normals" ? 1 : 100);
const digitsOf = (task) => (task === "normals" ? 2 : 1);

const written = ({ mean, half }, digits) =>
  half === null ? mean.toFixed(digits) : `${mean.toFixed(digits)} ± ${half.toFixed(digits)}`;

const finder = (runs) => (method, seed) => runs.find((run) => run.method === method && run.seed === seed);

const SINGLE = names.map((task) => `single task: ${task}`);

/** Finds a method's scores with a seed; those of the single tasks together are one method. */
function scoresIn(runs) {
  const of = finder(runs);
  return (method, seed) => {
    if (method !== "single tasks") return of(method, seed)?.scores;
    const own = SINGLE.map((name) => of(name, seed)?.scores);
    return own.every(Boolean) ? Object.assign({}, ...own) : undefined;
  };
}

/** Seeds that all of some methods have finished. */
const sharedSeeds = (runs, methods) => {
  const of = scoresIn(runs);
  const seeds = [...new Set(runs.map(({ seed }) => seed))].sort((a, b) => a - b);
  return seeds.filter((seed) => methods.every((method) => of(method, seed)));
};

/** A row for the single tasks and for each method that has all of them, over the seeds that it has beside the single tasks. */
export function methodRows({ tasks: { dense, seedMean } }, runs) {
  const of = scoresIn(runs);
  const methods = ["single tasks", ...METHODS.filter(({ tasks }) => !tasks).map(({ name }) => name)];
  return methods.flatMap((method) => {
    const seeds = sharedSeeds(runs, [method, "single tasks"]);
    if (!seeds.length) return [];
    const meanOf = (task) => seedMean(seeds.map((seed) => of(method, seed)[task] * factorOf(task)));
    const gains = seedMean(seeds.map((seed) => dense.deltaM(of(method, seed), of("single tasks", seed))));
    const parameters = finder(runs)(method, seeds[0])?.parameters;
    return [
      {
        method,
        parameters: parameters?.toLocaleString("en-US") ?? "-",
        seeds: seeds.length,
        ...Object.fromEntries(names.map((task) => [task, written(meanOf(task), digitsOf(task))])),
        "Δm, %": method === "single tasks" ? "0" : written(gains, 1),
      },
    ];
  });
}

/** What the study asks: a method beside another one. */
const QUESTIONS = [
  ["SAK", "multi-task"],
  ["SAK", "many to one"],
  ["SAK", "many to one, SAK's size"],
  ["SAK", "paths without router"],
  ["SAK", "SAK, raw teachers"],
  ["many to one", "multi-task"],
  ["SAK, half of the labels", "multi-task, half of the labels"],
  ["SAK, a quarter of the labels", "multi-task, a quarter of the labels"],
];

/** A row for each pair of methods that share seeds. */
export function differenceRows({ tasks: { dense, seedMean } }, runs) {
  const of = scoresIn(runs);
  return QUESTIONS.flatMap(([method, other]) => {
    const seeds = sharedSeeds(runs, [method, other]);
    if (!seeds.length) return [];
    const gain = seedMean(seeds.map((seed) => dense.deltaM(of(method, seed), of(other, seed))));
    return [{ method, beside: other, seeds: seeds.length, "Δm, %": written(gain, 1), verdict: verdictOf(gain) }];
  });
}

function verdictOf({ mean, half }) {
  if (half === null) return "one seed";
  if (Math.abs(mean) <= half) return "not told apart";
  return mean > 0 ? "better" : "worse";
}

/** Figures of the finished runs of SAK. */
const measuredOf = (runs, kind) => runs.filter(({ method }) => method === "SAK").map((run) => run[kind]);

/** A row for the stem, each path and each teacher. */
export function biasRows({ tasks: { seedMean } }, runs) {
  const all = measuredOf(runs, "biases");
  return Object.keys(all[0]).map((features) => ({
    features,
    ...Object.fromEntries(
      names.map((task) => [
        task,
        written(seedMean(all.map((one) => one[features][task] * factorOf(task))), digitsOf(task)),
      ]),
    ),
  }));
}

/** A row for each task. */
export function routerRows({ tasks: { seedMean } }, runs, { teachers }) {
  const all = measuredOf(runs, "routers");
  return names.map((task) => ({
    task,
    ...Object.fromEntries(
      ["stem", ...teachers.map(pathOf)].flatMap((expert, e) => [
        [expert, written(seedMean(all.map((one) => one[task][e][0])), 2)],
        [`sd of ${expert}`, seedMean(all.map((one) => one[task][e][1])).mean.toFixed(3)],
      ]),
    ),
  }));
}

/** The paper's own rows (arXiv 2410.14633, PASCAL-Context, ViT-B; boundaries by odsF), and Δm with fewer labels. */
export const PAPER = [
  ["single tasks", 80.25, 70.54, 84.54, 13.57, 74.22, "0"],
  ["multi-task", 76.76, 65.26, 84.39, 13.98, 70.37, "-4.04"],
  ["SAK", 81.88, 74.3, 84.79, 14.02, 74.09, "0.83"],
  ["multi-task, half / a quarter of the labels", "-", "-", "-", "-", "-", "-7.42 / -10.32"],
  ["SAK, half / a quarter of the labels", "-", "-", "-", "-", "-", "-1.95 / -4.02"],
].map(([method, ...values]) => ({
  method,
  ...Object.fromEntries([...names, "Δm, %"].map((name, i) => [name, values[i]])),
}));
