/** Tables of the study of several teachers. */
import { METHODS, pathOf, TASKS } from "./settings.mjs";

const names = Object.keys(TASKS);
/** Percent, and degrees as they are. */
const factorOf = (task) => (task === "normals" ? 1 : 100);
const digitsOf = (task) => (task === "normals" ? 2 : 1);

const written = ({ mean, half }, digits) =>
  half === null ? mean.toFixed(digits) : `${mean.toFixed(digits)} ± ${half.toFixed(digits)}`;

const finder = (runs) => (method, seed) => runs.find((run) => run.method === method && run.seed === seed);

/** A row for the single tasks and for each method that has all of them. */
export function methodRows({ tasks: { dense, seedMean } }, runs, seeds) {
  const of = finder(runs);
  const single = (seed) =>
    Object.fromEntries(names.map((task) => [task, of(`single task: ${task}`, seed).scores[task]]));
  const cells = (scoresOf) =>
    Object.fromEntries(
      names.map((task) => {
        const values = seeds.map((seed) => scoresOf(seed)[task] * factorOf(task));
        return [task, written(seedMean(values), digitsOf(task))];
      }),
    );
  const rows = METHODS.filter(({ tasks }) => !tasks).map(({ name }) => {
    const gains = seeds.map((seed) => dense.deltaM(of(name, seed).scores, single(seed)));
    const parameters = of(name, seeds[0]).parameters;
    return {
      method: name,
      parameters,
      ...cells((seed) => of(name, seed).scores),
      "Δm, %": written(seedMean(gains), 1),
    };
  });
  return [{ method: "single tasks", parameters: "-", ...cells(single), "Δm, %": "0" }, ...rows];
}

/** A row for the stem, each path and each teacher. */
export function biasRows({ tasks: { seedMean } }, runs, seeds) {
  const all = seeds.map((seed) => finder(runs)("SAK", seed).biases);
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
export function routerRows({ tasks: { seedMean } }, runs, seeds, { teachers }) {
  const all = seeds.map((seed) => finder(runs)("SAK", seed).routers);
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
