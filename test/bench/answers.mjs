/** Projectors, VCE and adapters on questions about pictures: a frozen encoder and a small frozen language model. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { root } from "../../binder/setup.mjs";

const require = createRequire(join(root, "kernel", "package.json"));
const FOLDER = join(root, ".fovea", "answers");
/** Pairs of methods that are compared seed by seed. */
const PAIRS = [
  ["LoRA", "projector"],
  ["Dual-LoRA", "LoRA"],
  ["Dual-LoRA", "MoE-LoRA"],
  ["VCE", "projector"],
  ["VCE + Dual-LoRA", "Dual-LoRA"],
  ["VCE + Dual-LoRA", "LoRA"],
];

const LOOKED_AT = "VCE + Dual-LoRA";

/** A study that was stopped goes on; one that is done is printed again. */
export async function answers({ short = false, seeds } = {}) {
  const { nn, studies } = require("fovea");
  const device = await nn.start(short ? "wasm" : "auto");
  const usual = short ? studies.ANSWERS_SHORT : studies.ANSWERS;
  const settings = { ...usual, seeds: seeds ?? usual.seeds };
  const total = settings.methods.length * settings.seeds;
  const study = await studies.answerStudy({
    settings,
    folder: FOLDER,
    onPictures: ({ split, done, total }) => progress(`pictures of ${split}: ${done} of ${total}`),
    onStep: ({ method, seed }, { step, totalSteps, loss }) =>
      progress(`seed ${seed}, ${method}: update ${step} of ${totalSteps}, loss ${loss.toFixed(3)}`),
    onRun: ({ method, seed, score }, { runs }) =>
      progress(`${runs.length} of ${total}: seed ${seed}, ${method}: ${score.all.toFixed(1)} %`, true),
  });
  const summaries = studies.summarize(study);
  const types = Object.keys(summaries[0].byType);
  const scored = [...study.baselines.map(baseline), ...summaries];
  return {
    title: short ? "Questions about pictures: the machinery alone" : "Questions about pictures",
    note: noteOf(study, device, short),
    rows: scored.map((row) => rowOf(row, study, types)),
    more: [
      {
        note: "Differences with the same seed, percentage points:",
        rows: PAIRS.map(([method, other]) =>
          differenceOf(studies.pairedDifference(study, method, other), method, other),
        ),
      },
      {
        note:
          `What ${LOOKED_AT} of seed 1 does, by question type: the share of open gates over picture and words, by projection, and the share of ` +
          "VCE's attention that each level gets. VCE sees no question: its types differ by their pictures.",
        rows: await insideOf(settings),
      },
    ],
    ...(short ? {} : { summary: scored.map((row) => summaryOf(row, study)), data: study }),
  };
}

/** Gates and levels of a trained model. */
async function insideOf(settings) {
  const { studies } = require("fovea");
  const model = await studies.openAnswers({ settings, folder: FOLDER, method: LOOKED_AT, seed: 1 });
  try {
    const { uses } = await model.gateActivity();
    return model.levelWeights().map(({ type, weights }) => ({
      type,
      ...Object.fromEntries(["q_proj", "v_proj"].map((name) => [`open gates, ${name}`, openOf(uses, type, name)])),
      ...Object.fromEntries(weights.map((weight, i) => [`level ${settings.indices[i]}`, weight.toFixed(3)])),
    }));
  } finally {
    model.dispose();
  }
}

function openOf(uses, type, projection) {
  const shares = uses
    .filter(({ task, layer }) => task === type && layer.endsWith(projection))
    .flatMap(({ active }) => [...active]);
  return (shares.reduce((sum, share) => sum + share, 0) / shares.length).toFixed(3);
}

/** Methods without training have no interval. */
function baseline({ name, score }) {
  const fixed = (mean) => ({ mean, half: null });
  const byType = Object.entries(score.byType).map(([type, value]) => [type, fixed(value)]);
  return { method: name, all: fixed(score.all), byType: Object.fromEntries(byType) };
}

const written = ({ mean, half }) => (half === null ? mean.toFixed(1) : `${mean.toFixed(1)} ± ${half.toFixed(1)}`);

function rowOf({ method, all, byType }, { adapterValues }, types) {
  const columns = types.map((type) => [type, byType[type] ? written(byType[type]) : "-"]);
  return {
    method,
    "adapter's values": adapterValues[method] ?? "-",
    all: written(all),
    ...Object.fromEntries(columns),
  };
}

function summaryOf({ method, all }, { adapterValues }) {
  return { method, "adapter's values": adapterValues[method] ?? "-", "right answers, %": written(all) };
}

function differenceOf({ mean, half }, method, other) {
  const verdict =
    half === null ? "one seed" : Math.abs(mean) > half ? (mean > 0 ? "better" : "worse") : "not told apart";
  const sign = mean > 0 ? "+" : "";
  return { difference: `${method} - ${other}`, points: `${sign}${written({ mean, half })}`, verdict };
}

function noteOf({ settings, seconds }, device, short) {
  const { images, steps, batch, questions, rates, seeds, encoder, languageModel, levels } = settings;
  return (
    `Right answers in percent on ${images.asked} pictures of the world's test split, one question at a time. Frozen ${encoder} ` +
    `(${levels.length} levels), frozen ${languageModel}; ${images.train} pictures to train on, batches of ${batch} with ${questions} ` +
    `questions each; first stage ${steps[0]} updates of projector (and VCE) at ${rates.first}, second stage ${steps[1]} at ` +
    `${rates.second} with the adapter at ${rates.adapter}. Means of ${seeds} seeds with 95 % intervals, which tell how another training would ` +
    `differ, not other questions. On ${device}, ${seconds.toFixed(0)} s of training and answers.` +
    (short ? " So short that the figures mean nothing: this shows that all of it runs." : "")
  );
}

function progress(text, isLasting = false) {
  if (!process.stderr.isTTY) return isLasting ? void process.stderr.write(`bench answers: ${text}\n`) : undefined;
  process.stderr.write(`\r\x1b[K${text}${isLasting ? "\n" : ""}`);
}
