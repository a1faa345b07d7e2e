/** Students of several teachers on the synthetic world: what each kind of distillation is worth for dense tasks, over paired seeds. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { root } from "../../binder/setup.mjs";
import { prepare } from "./sak/data.mjs";
import { biasesOf, routersOf, scoresOf } from "./sak/scores.mjs";
import { FULL, METHODS, placesOf, SHORT, TASKS } from "./sak/settings.mjs";
import { makeStudent, parametersOf } from "./sak/students.mjs";
import { biasRows, differenceRows, methodRows, PAPER, routerRows } from "./sak/table.mjs";
import { distill, learn, teacherNorms } from "./sak/train.mjs";
import { restore } from "./tables.mjs";

const require = createRequire(join(root, "kernel", "package.json"));
const FOLDER = join(root, ".fovea", "sak");

/** A study that was stopped goes on with the runs that are missing, and a stopped run with its last checkpoint. `limit` ends it after so many new runs. */
export async function sak({ short = false, seeds, folder = FOLDER, limit = Infinity } = {}) {
  const fovea = require("fovea");
  const settings = { ...(short ? SHORT : FULL) };
  settings.seeds = seeds ?? settings.seeds;
  const device = await fovea.nn.start();
  if (!short) restore("sak", folder);
  const file = new fovea.studies.StudyFile({
    folder,
    prefix: "",
    identity: { ...settings, seeds: undefined, methods: METHODS, tasks: TASKS, device },
    asked: placesOf(settings),
  });
  let left = limit;
  let data;
  for (const { method: name, seed } of file.missing) {
    if (left-- <= 0) break;
    data ??= await prepare(fovea, settings, file.folder);
    const start = performance.now();
    const method = METHODS.find((one) => one.name === name);
    const run = await trainOne(fovea, settings, data, method, seed);
    const seconds = (performance.now() - start) / 1000;
    await file.add({ method: name, seed, ...run, seconds });
    process.stderr.write(`bench sak: seed ${seed}, ${name}, ${seconds.toFixed(0)} s: ${JSON.stringify(run.scores)}\n`);
  }
  return tableOf(fovea, settings, file, device, short);
}

async function trainOne(fovea, settings, data, method, seed) {
  const tf = require("fovea/tf");
  fovea.nn.manualSeed(seed);
  const model = await makeStudent(fovea, tf, settings, method);
  const norms = await teacherNorms(fovea, settings, data, method);
  if (method.norm) await distill(fovea, settings, data, model, method, seed, norms);
  const measured = {};
  if (method.name === "SAK") measured.biases = await biasesOf(fovea, tf, settings, data, model.eval());
  await learn(fovea, tf, settings, data, model.train(), method, seed, norms);
  model.eval();
  measured.scores = await scoresOf(fovea, tf, data, model, method.tasks ?? Object.keys(TASKS));
  if (method.router === "mor") measured.routers = await routersOf(fovea, tf, data, model);
  const parameters = parametersOf(model);
  model.dispose();
  return { ...measured, parameters };
}

function tableOf(fovea, settings, { identity, runs }, device, isShort) {
  const { pictures, distillation, learning, objects, teachers, start, seeds } = settings;
  const hasSak = runs.some(({ method }) => method === "SAK");
  return {
    title: isShort ? "Several teachers: the machinery alone" : "Several teachers, one student",
    note:
      `Students of ${teachers.join(", ")} on the synthetic world, crowds of at most ${objects} objects; all begin as \`zoo/${start}\`, ` +
      `frozen teachers as themselves. Distillation: ${distillation.small} updates of ${distillation.batch} of ${pictures.distill} pictures without labels at half their size, then ${distillation.whole} at their size. ` +
      `Tasks: ${learning.steps} updates of ${learning.batch} of ${pictures.train} pictures with labels. Scores are of ${pictures.test} pictures of the test split: ` +
      `mIoU in %, of parts over the frequent types; maxF in %; degrees, on objects alone; F in % without tolerance. Means over seeds with 95 % intervals, which tell how other ` +
      `trainings would differ; ${runs.length} of ${placesOf({ seeds }).length} runs are finished. Δm is relative to the single tasks of the same seed. ` +
      `On ${device}.` +
      (isShort ? " So short that the figures mean nothing: this shows that all of it runs." : ""),
    rows: methodRows(fovea, runs),
    more: hasSak
      ? [
          { note: "Methods beside each other, with the same seeds:", rows: differenceRows(fovea, runs) },
          { note: "The paper's rows, on PASCAL-Context with a ViT-B, boundaries by odsF:", rows: PAPER },
          {
            note: "What the paths inherit: probes in closed form on the last level, after distillation and before the tasks; normals of every pixel, where a mean by position is hard to beat.",
            rows: biasRows(fovea, runs),
          },
          {
            note: "What the routers do: share of stem and teachers for each task, mean over levels, pictures and seeds; beside it the standard deviation over pictures.",
            rows: routerRows(fovea, runs, settings),
          },
        ]
      : [],
    ...(isShort ? {} : { data: { identity, settings, runs } }),
  };
}
