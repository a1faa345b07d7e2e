/** Scores that read a plan of many parts, and a C score that is made in parts itself. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as world from "../../kernel/data/world";
import { GOLDEN, PLAIN } from "../encoders/golden.ts";
import { CLI, ENCODER, fovea, planTars } from "../scale/material.ts";

let folder: string;
let spair: string;
let features: string;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "fovea-score-parts-"));
  spair = join(folder, "spair");
  await world.writeSpair(spair, { categories: ["bird", "fish"], images: 6, pairs: 12 });
  const pictures = join(spair, "JPEGImages");
  features = planTars(
    pictures,
    join(folder, "features", "plan.json"),
    "--pictures-per-part",
    "2",
    "--indices",
    "-2,-1",
  );
  assert.equal(fovea(["extract", "--plan", features, "--device", "cpu"]).code, 0);
});
after(() => rmSync(folder, { recursive: true, force: true }));

const cScore = (...args: string[]) => fovea(["law", "c-score", ...args]);
const planned = (name: string, ...more: string[]): string => {
  const output = join(folder, name, "score.json");
  const args = ["--spair", spair, "--features", features, "--output", output, "--pairs-per-part", "4", ...more];
  const { code, err, out } = cScore("plan", ...args);
  assert.equal(code, 0, err);
  assert.match(out, /score\.json: [2-6] parts of 12 pairs\n$/);
  return output;
};

describe("fovea law c-score in parts", () => {
  it("merges to the score of one run, character by character", () => {
    const options = ["--alphas", "0.3,0.1", "--window", "none", "--look-alikes", "world", "--seed", "3"];
    const whole = cScore("--spair", spair, "--features", features, ...options, "--json");
    assert.equal(whole.code, 0, whole.err);
    const plan = planned("whole", ...options);
    assert.match(cScore("--plan", plan, "--part", "1").out, /^part 1: \d+ pairs\n$/);
    const early = cScore("merge", plan);
    assert.equal(early.code, 1);
    assert.match(early.err, /every part must be whole; fovea law c-score --plan makes 0,.*, received 1 of \d/);
    const rest = cScore("--plan", plan);
    assert.match(rest.out, /^part 0: \d+ pairs\npart 1: was whole\npart 2/);
    assert.equal(cScore("merge", plan, "--json").out, whole.out);
    assert.match(cScore("merge", plan).out, /^12 pairs, \d+ keypoints, 0 pairs skipped\nPCK@0\.3/);
    assert.deepEqual(planned("whole", ...options), plan, "the same plan again");
  });

  it("merges each layer, by workers side by side that find their parts by Slurm's variables", async () => {
    const whole = cScore("--spair", spair, "--features", features, "--by-layer", "--json");
    const plan = planned("layers", "--by-layer");
    const worker = (task: number): Promise<number | null> => {
      const slurm = {
        SLURM_ARRAY_TASK_ID: task,
        SLURM_ARRAY_TASK_MIN: 0,
        SLURM_ARRAY_TASK_MAX: 1,
        SLURM_ARRAY_TASK_COUNT: 2,
      };
      const texts = Object.entries(slurm).map(([name, value]) => [name, String(value)]);
      const env = { ...process.env, ...Object.fromEntries(texts) } as NodeJS.ProcessEnv;
      const child = spawn(process.execPath, [CLI, "law", "c-score", "--plan", plan], { env, stdio: "ignore" });
      return new Promise((resolve) => child.once("exit", resolve));
    };
    assert.deepEqual(await Promise.all([worker(0), worker(1), worker(1)]), [0, 0, 0]);
    assert.equal(cScore("merge", plan, "--json").out, whole.out);
    assert.equal(JSON.parse(whole.out).length, 2);
  });

  it("writes an array of Slurm that makes the parts", () => {
    const plan = planned("array");
    const { out, err, code } = cScore("--plan", plan, "--on", "slurm", "--array", "0-1%1", "--cpus", "2", "--dry-run");
    assert.equal(code, 0, err);
    assert.match(out, /^#!\/bin\/bash\n#SBATCH --job-name=fovea-law-c-score\n#SBATCH --array=0-1%1\n/);
    const line = `'law' 'c-score' '--plan' '${plan}' --shard "$SLURM_ARRAY_TASK_ID/2"\n`;
    assert.ok(out.includes(line), out);
    assert.match(cScore("--plan", plan, "--cpus", "2").err, /law c-score: --cpus needs --on slurm/);
    assert.match(cScore("--plan", plan, "--on", "condor").err, /law c-score: --on must be slurm, received "condor"/);
  });

  it("makes a damaged part again", () => {
    const plan = planned("damaged");
    assert.equal(cScore("--plan", plan).code, 0);
    const parts = join(folder, "damaged", "score.parts");
    const [first, second] = readdirSync(parts).map((name) => join(parts, name));
    const text = readFileSync(first, "utf8");
    writeFileSync(first, text.replace("false", "true"));
    writeFileSync(second, readFileSync(second, "utf8").slice(0, -40));
    assert.match(cScore("merge", plan).err, /makes 0,1, received/);
    assert.match(cScore("--plan", plan).out, /^part 0: \d+ pairs\npart 1: \d+ pairs\npart 2: was whole/);
    assert.equal(readFileSync(first, "utf8"), text);
  });

  it("refuses what does not belong together", () => {
    const plan = planned("refused");
    const again = cScore("plan", "--spair", spair, "--features", features, "--output", plan, "--limit", "3");
    assert.match(again.err, /--output must be new, or hold the same plan/);
    assert.match(
      cScore("plan", "--spair", spair, "--output", plan).err,
      /--features .* are needed[^]*usage: fovea law c-score/,
    );
    assert.match(cScore("--plan", plan, "--part", "99").err, /part must be a whole number of 0\.\.\d, received 99/);
    assert.match(
      cScore("--plan", plan, "--parts", "x").err,
      /law c-score: --parts must be numbers and ascending ranges of 0/,
    );
    assert.match(cScore("--plan", features).err, /must hold a plan of a C score of version 1/);
    assert.match(cScore("--plan", join(folder, "none.json")).err, /the plan must be a file \(ENOENT\)/);
    assert.match(cScore("merge").err, /one plan is needed/);
    const encoder = cScore("--spair", spair, "--features", features, "--encoder", ENCODER);
    assert.match(encoder.err, /a plan in --features is read without --encoder/);
    const lists = join(spair, "PairAnnotation", "test");
    const annotation = join(lists, readdirSync(lists)[0]);
    const text = readFileSync(annotation, "utf8");
    const pair = JSON.parse(text) as { trg_bndbox: number[] };
    pair.trg_bndbox[2] += 1;
    writeFileSync(annotation, JSON.stringify(pair));
    try {
      assert.match(cScore("merge", plan).err, /pairs, features and arguments must be those of the plan/);
    } finally {
      writeFileSync(annotation, text);
    }
  });
});

describe("fovea law a-score", () => {
  it("reads tokens of a plan of many parts as those of a folder", () => {
    const out = join(folder, "merged");
    assert.equal(fovea(["extract", "merge", features, "--out", out]).code, 0);
    const score = (...places: string[]) => {
      const [targets, reference] = places;
      const args = [
        "--targets",
        targets,
        "--reference",
        `own=${reference}`,
        "--layer",
        "2",
        "--device",
        "cpu",
        "--json",
      ];
      const { code, out: text, err } = fovea(["law", "a-score", ...args]);
      assert.equal(code, 0, err);
      return JSON.parse(text) as { score: number; imageNames: string[] };
    };
    const parts = score(features, features);
    assert.equal(parts.imageNames.length, 6);
    assert.ok(Math.abs(parts.score - 1) < 1e-5, `${parts.score}`);
    assert.deepEqual(score(features, out), parts);
    assert.deepEqual(score(out, features), parts);
  });
});

describe("--input-size", () => {
  it("sets the input of c-score's encoder, of a plan and of a worker", () => {
    const preprocess = join(folder, "plain.json");
    writeFileSync(preprocess, JSON.stringify(PLAIN));
    const own = ["--preprocess", preprocess, "--input-size", "48"];
    const model = join(GOLDEN, "vit.ts17.onnx");
    const score = (...more: string[]) => cScore("--spair", spair, "--encoder", model, "--device", "cpu", ...more);
    const sizeOf = (name: string): unknown => {
      const { encoder } = JSON.parse(readFileSync(join(folder, name, "run.json"), "utf8"));
      return [encoder.preprocess.inputSize, encoder.preprocess.mean[0], encoder.preprocess.resize];
    };
    const plain = score(...own, "--geometry", "encoder", "--features", join(folder, "plain"));
    assert.equal(plain.code, 0, plain.err);
    assert.deepEqual((sizeOf("plain") as unknown[])[0], [48, 48]);
    const half = score(...own, "--normalize", "half", "--features", join(folder, "half"));
    assert.equal(half.code, 0, half.err);
    assert.deepEqual((sizeOf("half") as unknown[]).slice(0, 2), [[48, 48], 0.5]);
    const plan = planTars(join(spair, "JPEGImages"), join(folder, "sized", "plan.json"), "--encoder", model, ...own);
    const { run } = JSON.parse(readFileSync(plan, "utf8"));
    assert.deepEqual(run.encoder.preprocess.inputSize, [48, 48]);
    const made = fovea(["extract", "--plan", plan, "--device", "cpu", "--part", "0"]);
    assert.equal(made.code, 0, made.err);
    assert.match(score("--input-size", "wide").err, /law c-score: --input-size must be a side as 224/);
    assert.match(fovea(["extract", "serve", "--encoder", model, "--input-size", "0"]).err, /--input-size must be/);
  });
});
