/** The study of grounding: methods of teaching SimVG's token branch, over seeds and kinds of phrases of the synthetic world. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { root } from "../../binder/setup.mjs";
import { restore } from "./tables.mjs";

const require = createRequire(join(root, "kernel", "package.json"));
const FOLDER = join(root, ".fovea", "grounding");
/** Pairs of methods that are compared seed by seed. */
const PAIRS = [
  ["DWBD", "token alone"],
  ["DWBD", "fixed .5/.5"],
  ["two-stage DWBD", "DWBD"],
  ["decoder branch", "DWBD"],
];

/** A study that was stopped, also by Ctrl+C, goes on; one that is done is printed again. */
export async function groundingStudy({ short = false, seeds } = {}) {
  const { nn, studies } = require("fovea");
  const device = await nn.start(short ? "wasm" : "auto");
  const usual = short ? studies.GROUNDING_SHORT : studies.GROUNDING;
  const settings = { ...usual, seeds: seeds ?? usual.seeds };
  const total = settings.methods.length * settings.seeds;
  if (!short) restore("grounding-study", FOLDER, "study-");
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.once("SIGINT", onSignal);
  const study = await studies.groundingStudy({
    settings,
    folder: FOLDER,
    signal: stop.signal,
    onStep: ({ method, seed }, { step, totalSteps, loss }) =>
      progress(`seed ${seed}, ${method}: update ${step} of ${totalSteps}, loss ${loss.toFixed(3)}`),
    onRun: ({ method, seed, score, seconds }, { runs }) =>
      progress(
        `${runs.length} of ${total}: seed ${seed}, ${method}: ${score.all.toFixed(1)} %, ${seconds.toFixed(0)} s`,
        true,
      ),
  });
  process.removeListener("SIGINT", onSignal);
  if (!study.runs.length) throw new Error("bench grounding-study: stopped before the first run ended");
  return tableOf(require("fovea"), study, device, short);
}

/** Tables of a study, finished or not. */
export function tableOf({ studies }, study, device, short) {
  const summaries = studies.summarizeGrounding(study);
  const pairs = PAIRS.flatMap(([method, other]) => differenceOf(studies, study, method, other));
  const rows = summaries.map((one) => ({
    method: one.method,
    parameters: study.parameters[one.method].toLocaleString("en-US"),
    seeds: one.seeds,
    "Prec@0.5, %": written(one.all),
    W_dt: one.weight === null ? "-" : written(one.weight, 3),
  }));
  return {
    title: titleOf(study, short),
    note: noteOf(study, device, short),
    rows,
    ...(short ? {} : { summary: rows }),
    more: [
      { note: "By kind of phrase, percent:", rows: groupRows(summaries, "byKind", studies.phraseKinds) },
      { note: "By length of phrase, percent:", rows: groupRows(summaries, "byLength", studies.phraseLengths) },
      ...(pairs.length ? [{ note: "Differences with the same seed, percentage points:", rows: pairs }] : []),
    ],
    ...(short ? {} : { data: study }),
  };
}

const titleOf = ({ finished }, short) =>
  short
    ? "Teaching the token branch: the machinery alone"
    : `Teaching the token branch${finished ? "" : ", a part of the study"}`;

const written = ({ mean, half }, digits = 1) =>
  half === null ? mean.toFixed(digits) : `${mean.toFixed(digits)} ± ${half.toFixed(digits)}`;

const groupRows = (summaries, groups, names) =>
  summaries.map((one) => ({
    method: one.method,
    ...Object.fromEntries(names.map((name) => [name, one[groups][name] ? written(one[groups][name]) : "-"])),
  }));

/** No row for methods that share no seed yet. */
function differenceOf(studies, study, method, other) {
  const seedsOf = (name) => study.runs.filter((run) => run.method === name).map(({ seed }) => seed);
  if (!seedsOf(method).some((seed) => seedsOf(other).includes(seed))) return [];
  const { mean, half } = studies.pairedDifference(study, method, other);
  const verdict =
    half === null ? "one seed" : Math.abs(mean) > half ? (mean > 0 ? "better" : "worse") : "not told apart";
  return [{ difference: `${method} - ${other}`, points: `${mean > 0 ? "+" : ""}${written({ mean, half })}`, verdict }];
}

const encoderOf = (encoder) =>
  typeof encoder === "string"
    ? `The encoder \`${encoder}\``
    : `An encoder of BEiT-3's shape (${encoder.depth} layers, ${encoder.embedDim} wide) of random weights`;

function noteOf({ settings, phrases, chance, runs, finished }, device, short) {
  const { images, objects, steps, batchSize, seeds, methods, split, size, encoder } = settings;
  const seconds = runs.reduce((sum, run) => sum + run.seconds, 0);
  const part = finished
    ? `Means of ${seeds} seeds with 95 % intervals, which tell how another training would differ, not other phrases.`
    : `${runs.length} of ${seeds * methods.length} runs were made: this is a part of the study, and shows no more than its intervals say.`;
  return (
    `Prec@0.5 on ${phrases.asked.toLocaleString("en-US")} phrases about ${images.asked} pictures of the world's ${split} split, whose combinations of category and ` +
    `color no training has; ${phrases.train.toLocaleString("en-US")} phrases about ${images.train} pictures to train on, ` +
    `${size} x ${size} pixels with at most ${objects} objects. ` +
    `${encoderOf(encoder)} is trained with the head: ${steps} updates in batches of ${batchSize}, stages together. ` +
    `The mean box of the training phrases gets ${chance.toFixed(1)} %. W_dt: weight of the decoder in the last tenth of ` +
    `the updates. Parameters: those of the branch that answers. ${part} On ${device}, ${seconds.toFixed(0)} s of training and scoring.` +
    (short ? " So short that the figures mean nothing: this shows that all of it runs." : "")
  );
}

function progress(text, isLasting = false) {
  if (!process.stderr.isTTY)
    return isLasting ? void process.stderr.write(`bench grounding-study: ${text}\n`) : undefined;
  process.stderr.write(`\r\x1b[K${text}${isLasting ? "\n" : ""}`);
}
