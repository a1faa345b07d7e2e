/** Grounding one phrase in one picture: latency of SimVG's head and of the whole, by branch, beside the same in torch. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../binder/setup.mjs";
import { LinePeer, peersPython } from "./peers.mjs";

const require = createRequire(join(root, "kernel", "package.json"));
const BRANCHES = ["token", "decoder", "both"];
const LENGTH = 20;
/** Torch twice: its threads wait by spinning, which on a machine that does other work too makes it many times slower. */
const PEERS = [{}, { OMP_WAIT_POLICY: "passive" }];
const FULL = { encoder: { patchSize: 32, imgSize: 640 }, rounds: 9 };
/** The head is that of the whole measurement; of the encoder there is one layer. */
const SHORT = { encoder: { ...FULL.encoder, depth: 1, vocabSize: 1000 }, rounds: 3 };

export async function grounding({ short = false } = {}) {
  const { encoder, rounds } = short ? SHORT : FULL;
  const folder = mkdtempSync(join(tmpdir(), "fovea-bench-"));
  try {
    const { nn } = require("fovea");
    await nn.start("native");
    const study = await makeStudy(folder, encoder);
    const python = await peersPython();
    const peers = PEERS.map((env) => new LinePeer(python, "grounding.py", ["--folder", folder], env));
    const times = await measure(study, peers, rounds);
    for (const peer of peers) peer.end();
    await study.dispose();
    return tableOf(times, study, rounds, short);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A model with random weights, which go to the peer, and its token branch as ONNX. */
async function makeStudy(folder, encoderOptions) {
  const { grounding, models, nn, safetensors } = require("fovea");
  const tf = require("fovea/tf");
  nn.manualSeed(1);
  const encoder = { ...models.beit3Config("beit3_base_patch16_224", encoderOptions), textPositions: 1024 };
  const model = new grounding.SimVg({ encoder }).eval();
  const [height, width] = model.encoder.config.imgSize;
  const pixels = tf.randomNormal([1, 3, height, width], 0, 1, "float32", 2);
  const ids = Int32Array.from({ length: LENGTH }, (_, i) => (i < 12 ? 5 + 7 * i : 1));
  const text = tf.tensor2d(ids, [1, LENGTH], "int32");
  const textMask = tf.tensor2d(
    ids.map((id) => Number(id !== 1)),
    [1, LENGTH],
    "int32",
  );
  const path = join(folder, "model.onnx");
  await writePeer(folder, { model, pixels, text, textMask }, safetensors, await nn.stateOf(model));
  await grounding.saveOnnx(model, path, { tokenizer: TOKENIZER });
  const session = await require("onnxruntime-node").InferenceSession.create(path);
  const input = { pixels, text, textMask };
  const features = tf.tidy(() => model.features(input));
  return {
    model,
    patches: model.encoder.grid,
    depth: model.encoder.config.depth,
    parameters: Object.fromEntries(
      BRANCHES.map((branch) => [
        branch,
        {
          head: grounding.headParameters({ inputDim: model.encoder.config.embedDim, branches: branch }).total,
          whole: grounding.parameters({ encoder, head: { branches: branch } }),
        },
      ]),
    ),
    cases: { ...layerCases(tf, model, input, features), "whole, token, ONNX": () => onnxCase(session, input) },
    dispose: async () => {
      await session.release();
      model.dispose();
    },
  };
}

/** A word for each id that a phrase may have; the phrase itself goes in as ids. */
const TOKENIZER = {
  model: { type: "WordLevel", vocab: { "<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3 }, unk_token: "<unk>" },
  pre_tokenizer: { type: "Whitespace" },
};

async function writePeer(folder, { model, pixels, text, textMask }, safetensors, state) {
  const { embedDim, numHeads, depth, hiddenDim, patchSize, vocabSize, textPositions } = model.encoder.config;
  const { embedDim: C, numHeads: heads, generatorHidden, decoderHidden } = model.head.config;
  const [rows, columns] = model.encoder.grid;
  const sizes = {
    C: embedDim,
    HEADS: numHeads,
    DEPTH: depth,
    HIDDEN: hiddenDim,
    PATCH: patchSize,
    ROWS: rows,
    COLUMNS: columns,
  };
  const words = { WORDS: vocabSize, PLACES: textPositions, L: LENGTH, B: 1 };
  const head = { HEAD_C: C, HEAD_HEADS: heads, GENERATOR: generatorHidden, DECODER: decoderHidden };
  writeFileSync(join(folder, "grounding.json"), JSON.stringify({ ...sizes, ...words, ...head }));
  const inputs = Object.entries({ pixels, text, mask: textMask }).map(([name, one]) => {
    const isWhole = one.dtype === "int32";
    const values = isWhole ? Int32Array.from(one.dataSync()) : Float32Array.from(one.dataSync());
    return [name, { dtype: isWhole ? "I32" : "F32", shape: one.shape, data: values }];
  });
  await safetensors.write(join(folder, "grounding.safetensors"), new Map([...state, ...inputs]));
}

/** Returns a function that tells the milliseconds since, and those of all processors together. */
function startClock() {
  const [start, before] = [performance.now(), process.cpuUsage()];
  return () => {
    const [ms, { user, system }] = [performance.now() - start, process.cpuUsage(before)];
    return { ms, cpu: (user + system) / 1e3 };
  };
}

function layerCases(tf, model, input, features) {
  const timed = (branch, predict) => () => {
    const clock = startClock();
    const [boxes, logits] = tf.tidy(() => {
      const { token, decoder } = predict(branch);
      const { boxes, logits } = token ?? decoder[decoder.length - 1];
      return [[...boxes.dataSync()], tf.softmax(logits).dataSync()];
    });
    return { ...clock(), boxes, score: logits[0] };
  };
  return Object.fromEntries(
    BRANCHES.flatMap((branch) => [
      [`head, ${branch}`, timed(branch, () => model.head.forward(features, branch))],
      [`whole, ${branch}`, timed(branch, () => model.forward(input, branch))],
    ]),
  );
}

async function onnxCase(session, { pixels, text, textMask }) {
  const { Tensor } = require("onnxruntime-node");
  const whole = (x) => new Tensor("int32", Int32Array.from(x.dataSync()), x.shape);
  const feeds = {
    pixel_values: new Tensor("float32", pixels.dataSync(), pixels.shape),
    input_ids: whole(text),
    attention_mask: whole(textMask),
  };
  const clock = startClock();
  const { boxes, scores } = await session.run(feeds);
  const times = clock();
  const [left, top, right, bottom] = boxes.data;
  return {
    ...times,
    boxes: [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top],
    score: scores.data[0],
  };
}

/** Runs of a case in a round; the peer's are as many. */
const turnsOf = (name) => (name.startsWith("head") ? 10 : 1);

/** Peer of a case. */
const peerOf = (name) => name.replace(", ONNX", "");

async function measure({ cases }, peers, rounds) {
  const times = Object.fromEntries(Object.keys(cases).map((name) => [name, { own: [], others: peers.map(() => []) }]));
  for (let round = -1; round < rounds; round++) {
    const theirs = [];
    for (const peer of peers) theirs.push(await peer.step());
    for (const [name, run] of Object.entries(cases)) {
      for (let turn = 0; turn < turnsOf(name); turn++) {
        const own = await run();
        theirs.forEach((answer) => checkAgree(name, own, answer[peerOf(name)]));
        if (round >= 0) times[name].own.push(own);
      }
      if (round >= 0) theirs.forEach((answer, i) => times[name].others[i].push(...answer[peerOf(name)].times));
    }
  }
  return times;
}

/** A time counts only where both sides compute the same. */
function checkAgree(name, own, other) {
  const pairs = [...own.boxes.map((edge, i) => [edge, other.boxes[i]]), [own.score, other.score]];
  const wrong = pairs.find(([a, b]) => !(Math.abs(a - b) < 1e-3));
  if (wrong) throw new Error(`bench grounding: ${name} must be torch's ${wrong[1]}, received ${wrong[0]}`);
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const medians = (runs) => ({ ms: median(runs.map(({ ms }) => ms)), cpu: median(runs.map(({ cpu }) => cpu)) });

function tableOf(times, { parameters, patches, depth }, rounds, short) {
  const rows = Object.entries(times).map(([name, { own, others }]) => {
    const [part, branch] = name.split(", ");
    const mine = medians(own);
    const theirs = others.map(medians).sort((a, b) => a.ms - b.ms)[0];
    return {
      part: name,
      parameters: parameters[branch][part].toLocaleString("en-US"),
      "torch ms": theirs.ms.toFixed(2),
      "Fovea ms": mine.ms.toFixed(2),
      ratio: (mine.ms / theirs.ms).toFixed(2),
      "torch CPU ms": theirs.cpu.toFixed(2),
      "Fovea CPU ms": mine.cpu.toFixed(2),
      "CPU ratio": (mine.cpu / theirs.cpu).toFixed(2),
    };
  });
  return {
    title: short ? "Grounding: the head, and a test of the code" : "Grounding",
    note:
      `SimVG on one picture and one phrase of ${LENGTH} ids, ${patches.join(" x ")} patches, random weights, BEiT-3's base (${depth} layers): ` +
      `milliseconds, medians of ${rounds} rounds (of the head, ten times as many runs) by turns with an eager PyTorch implementation of the same without gradients, whose threads spin or sleep, whichever is faster; both sides ` +
      "compute the same box and score. The branch that does not run has no part in the time. CPU: time of all processors together, which tells more on a machine that does other work too. ONNX: the file of `grounding.saveOnnx` on onnxruntime.",
    rows,
  };
}
