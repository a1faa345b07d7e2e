import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import * as world from "../../kernel/data/world";
import type { SafetensorsTensor } from "../../kernel/safetensors/tensor";
import { writeSafetensors } from "../../kernel/safetensors/safetensors";

const cli = resolve(import.meta.dirname, "..", "..", "kernel", "dist", "cli.js");
const fovea = (...args: string[]) => spawnSync(process.execPath, [cli, ...args], { encoding: "utf8" });

let folder: string;
before(() => (folder = mkdtempSync(join(tmpdir(), "fovea-cli-"))));
after(() => rmSync(folder, { recursive: true, force: true }));

describe("fovea law", () => {
  it("fit --json prints options, benchmarks and groups of the published table", () => {
    const { status, stdout } = fovea("law", "fit", "--json");
    assert.equal(status, 0);
    const { options, benchmarks, groups } = JSON.parse(stdout);
    assert.equal(options.normalize, "minmax");
    assert.ok(Math.abs(groups.vision.r2 - 0.95717) < 5e-6);
    const { n, terms, coefficients, r2, adjustedR2, looQ2, predictions } = benchmarks.mmbench_en;
    assert.deepEqual([n, terms.length, coefficients.length, Object.keys(predictions).length], [13, 5, 6, 13]);
    assert.ok(looQ2 < adjustedR2 && adjustedR2 < r2);
  });

  it("fit reads a table and names the cell that is wrong", () => {
    const table = join(folder, "table.csv");
    writeFileSync(table, "encoder,benchmark,a,c,score\nx,b,1,2,3\ny,b,1,,4\n");
    const { status, stderr } = fovea("law", "fit", "--table", table);
    assert.equal(status, 1);
    assert.match(stderr, /law\.parseTable: row 3, column c must be a finite decimal number, received ""/);
  });

  it("fit prints n, coefficients and the viewer's warning, and refuses a fit without a degree of freedom", () => {
    const table = join(folder, "few.csv");
    const rows = ["w,b,1,2,3", "x,b,2,1,5", "y,b,3,5,4", "z,b,4,3,7"];
    const fitOf = (count: number, ...more: string[]) => {
      writeFileSync(table, ["encoder,benchmark,a,c,score", ...rows.slice(0, count)].join("\n"));
      return fovea("law", "fit", "--table", table, ...more);
    };
    const { status, stdout } = fitOf(4, "--degree", "1");
    assert.equal(status, 0);
    assert.match(stdout, /b: n = 4, 3 coefficients: -?[\d.]+ 1, -?[\d.]+ a, -?[\d.]+ c\n/);
    assert.match(stdout, /Warning, b: 4 encoders, 3 coefficients: R² in sample is close/);
    const refused = fitOf(2);
    assert.equal(refused.status, 1);
    assert.match(
      refused.stderr,
      /law\.fit: b must have more scored encoders .* received "?2 encoders for 6 coefficients/,
    );
    assert.equal(refused.stdout, "");
  });

  it("fit takes several tables, and prints how each predicts the other", () => {
    const table = join(folder, "mine.csv");
    const rows = [
      "e1,count,0.2,10,40",
      "e2,count,0.5,20,55",
      "e3,count,0.6,15,60",
      "e4,count,0.9,30,66",
      "e5,count,0.4,35,52",
    ];
    writeFileSync(table, ["encoder,benchmark,a,c,score", ...rows].join("\n"));
    const both = ["--table", "published", "--table", table, "--degree", "1"];
    const { status, stdout } = fovea("law", "fit", ...both);
    assert.equal(status, 0);
    assert.match(stdout, /mine: count: n = 5, 3 coefficients/);
    assert.match(stdout, /published predicts mine, 8 pairs of benchmarks: mean R2 -?[\d.]+, mean rank correlation/);
    const { transfers } = JSON.parse(fovea("law", "fit", ...both, "--json").stdout);
    assert.deepEqual(
      transfers.map((one: { from: string; to: string }) => [one.from, one.to]),
      [
        ["published", "mine"],
        ["mine", "published"],
      ],
    );
    assert.match(
      fovea("law", "fit", "--table", table, "--table", table).stderr,
      /different names, received mine twice/,
    );
  });

  it("fit takes published scores beside measured predictors, and says who published them and what is left out", () => {
    const [scores, measured] = [join(folder, "scores.md"), join(folder, "measured.csv")];
    const rows = [1, 5, 4, 7, 6].map((score, i) => `| e${i} | ${score} | 12 |`);
    writeFileSync(scores, ["| Model | vqa | year |", "| --- | --- | --- |", ...rows, "| other | 3 | 12 |"].join("\n"));
    writeFileSync(measured, ["encoder,a,c", ...[3, 1, 4, 1, 5].map((c, i) => `e${i},${i},${c}`)].join("\n"));
    const given = ["--table", scores, "--measured", measured, "--encoder-column", "Model", "--benchmarks", "vqa"];
    const { status, stdout } = fovea("law", "fit", ...given, "--source", "Example, table 3", "--degree", "1");
    assert.equal(status, 0);
    assert.match(stdout, /^scores: Example, table 3\nleft out, without predictors: other\n/);
    assert.match(stdout, /vqa: n = 5, 3 coefficients/);
    const refused = fovea("law", "fit", ...given);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /law: --measured needs --table SCORES, --measured FILE.csv and --source TEXT/);
  });

  it("policy repeats itself for a seed and refuses an unknown strategy", () => {
    const run = () => fovea("law", "policy", "--trials", "20", "--seed", "4", "--strategies", "ac", "--json").stdout;
    assert.equal(run(), run());
    assert.ok(JSON.parse(run()).overall.ac.meanDraws > 1);
    assert.match(
      fovea("law", "policy", "--strategies", "best").stderr,
      /a strategy is one of ac, a, c, random, improvement, received "best"/,
    );
  });

  it("plan says what to train next, from a table with scores left empty", () => {
    const table = join(folder, "plan.csv");
    const rows = ["x,b,0.1,5,30", "y,b,0.9,20,60", "z,b,0.8,25,", "w,b,0.2,10,"];
    writeFileSync(table, ["encoder,benchmark,a,c,score", ...rows, ""].join("\n"));
    const { status, stdout, stderr } = fovea("law", "plan", "--table", table, "--explore", "2", "--json");
    assert.equal(status, 0, stderr);
    const { phase, next, untrained, benchmarks } = JSON.parse(stdout);
    assert.deepEqual([phase, next, untrained], ["improve", "z", ["z", "w"]]);
    assert.equal(benchmarks.b.candidates.length, 4);
    const lines = fovea("law", "plan", "--table", table, "--budget", "2").stdout.split("\n");
    assert.deepEqual([lines[0], /^The budget of 2 is spent/.test(lines[1])], ["stop", true]);
    assert.match(fovea("law", "plan", "--range", "1").stderr, /--range must be WORST,BEST, received 1/);
  });

  it("c-score scores an encoder over a folder in SPair-71k's layout", async () => {
    const spair = join(folder, "spair");
    await world.writeSpair(spair, { categories: ["bird"], images: 6, pairs: 6 });
    const { status, stdout, stderr } = fovea(
      "law",
      "c-score",
      "--spair",
      spair,
      "--encoder",
      "zoo/untrained-hybrid",
      "--indices",
      "-1,-2",
      "--json",
    );
    assert.equal(status, 0, stderr);
    const score = JSON.parse(stdout);
    assert.equal(score.pairs, 6);
    assert.ok(score.perPair[0] >= 0 && score.perPair[0] <= 100);
    const args = ["law", "c-score", "--spair", spair, "--encoder", "zoo/untrained-hybrid", "--limit", "3"];
    const half = fovea(...args, "--normalize", "half", "--geometry", "letterbox", "--alphas", "0.2", "--json");
    assert.deepEqual(JSON.parse(half.stdout).alphas, [0.2], half.stderr);
    assert.match(
      fovea(...args, "--geometry", "crop").stderr,
      /--geometry must be one of letterbox, .* received "crop"/,
    );
  });

  it("c-score keeps features on disk: written once, then scored without the encoder", async () => {
    const spair = join(folder, "kept");
    await world.writeSpair(spair, { categories: ["butterfly"], images: 5, pairs: 6 });
    const features = join(folder, "features");
    const score = ["law", "c-score", "--spair", spair, "--json"];
    const encoder = ["--encoder", "zoo/untrained-hybrid", "--indices", "-2,-1"];
    const direct = fovea(...score, ...encoder);
    const written = fovea(...score, ...encoder, "--features", features);
    assert.equal(written.status, 0, written.stderr);
    assert.deepEqual(JSON.parse(written.stdout), JSON.parse(direct.stdout));
    const read = fovea(...score, "--features", features, "--indices", "2,3");
    assert.deepEqual(JSON.parse(read.stdout), JSON.parse(direct.stdout), read.stderr);
    assert.match(
      fovea(...score, "--features", features, "--indices", "0").stderr,
      /layers must be stored ones, which are 2, 3, received 0/,
    );
    const each = JSON.parse(fovea(...score, "--features", features, "--by-layer", "--look-alikes", "world").stdout);
    assert.deepEqual(
      each.map(({ layer }: { layer: number }) => layer),
      [2, 3],
    );
    assert.ok(each[0].summary.geometryAware.keypoints > 0);
  });

  it("c-score hands every option of the matcher on", async () => {
    const spair = join(folder, "options");
    await world.writeSpair(spair, { categories: ["fish"], images: 4, pairs: 4 });
    const run = (...more: string[]) => {
      const { stdout, stderr } = fovea(
        "law",
        "c-score",
        "--spair",
        spair,
        "--encoder",
        "zoo/parts-hybrid",
        "--json",
        ...more,
      );
      assert.equal(stderr, "");
      return JSON.parse(stdout).perPoint as number[];
    };
    const all = ["--match", "soft", "--window", "none", "--temperature", "0.5", "--mask-fill", "-inf", "--center"];
    const placed = ["--canvas", "420", "--cell-center", "exact", "--inclusive", "--alphas", "0.2,0.1", "--seed", "3"];
    assert.equal(run(...all, ...placed).length, 2);
    assert.notDeepEqual(run("--window", "none", "--temperature", "0.5"), run());
    const exact = ["--mask-fill", "-inf", "--temperature", "0.5"];
    assert.deepEqual(run("--window", "0", ...exact), run("--match", "argmax"), "the peak's cell alone");
    assert.notDeepEqual(run("--window", "0", ...exact), run("--window", "none", ...exact));
    const wrong = (...more: string[]) =>
      fovea("law", "c-score", "--spair", spair, "--encoder", "zoo/parts-hybrid", ...more).stderr;
    assert.match(wrong("--mask-fill", "one"), /--mask-fill must be one of zero, -inf, received "one"/);
    assert.match(wrong("--window", "wide"), /--window must be a number, received "wide"/);
    assert.match(wrong("--limit", "0"), /--limit must be a whole number of at least 1, received "0"/);
    assert.match(wrong("--indices", "all"), /--indices all needs --by-layer/);
  });

  it("a-score takes a folder of images and encoders", async () => {
    const spair = join(folder, "pictures");
    await world.writeSpair(spair, { categories: ["car"], images: 5, pairs: 4 });
    const images = ["law", "a-score", "--images", join(spair, "JPEGImages")];
    const run = fovea(
      ...images,
      "--encoder",
      "zoo/parts-hybrid",
      "--reference",
      "zoo/clip-vit",
      "--layer",
      "-1",
      "--limit",
      "4",
      "--json",
    );
    assert.equal(run.status, 0, run.stderr);
    const { score, references, imageNames } = JSON.parse(run.stdout);
    assert.deepEqual([imageNames.length, Object.keys(references)], [4, ["zoo/clip-vit"]]);
    assert.ok(score > 0.1 && score < 1, String(score));
    const same = fovea(...images, "--encoder", "zoo/clip-vit", "--reference", "zoo/clip-vit", "--limit", "2", "--json");
    assert.ok(Math.abs(JSON.parse(same.stdout).score - 1) < 1e-5, "an encoder against itself");
    assert.match(fovea(...images, "--encoder", "zoo/clip-vit").stderr, /--images needs --encoder E and --reference R/);
  });

  it("a-score reads tokens of targets and references, one tensor an image", async () => {
    // The worked example.
    const file = async (name: string, images: Record<string, number[][]>) => {
      const tensors = Object.entries(images).map(([image, rows]): [string, SafetensorsTensor] => {
        const shape = [rows.length, rows[0].length];
        return [image, { dtype: "F32", shape, data: Float32Array.from(rows.flat()) }];
      });
      await writeSafetensors(join(folder, name), new Map(tensors));
      return join(folder, name);
    };
    const at224 = [
      [0, 2],
      [4, 3],
      [-1, 0],
    ];
    const at336 = [
      [1, 0],
      [5, 12],
    ];
    const targets = await file("e.safetensors", {
      one: [
        [3, 4],
        [1, 0],
      ],
      two: [
        [0, 1],
        [-1, 1],
      ],
    });
    const clip224 = `clip224=${await file("r224.safetensors", { two: at224, one: at224 })}`;
    const clip336 = `clip336=${await file("r336.safetensors", { one: at336, two: at336 })}`;
    const run = (...more: string[]) => fovea("law", "a-score", "--targets", targets, "--reference", clip224, ...more);
    const { status, stdout, stderr } = run("--reference", clip336, "--json");
    assert.equal(status, 0, stderr);
    const { definition, score, references, imageNames } = JSON.parse(stdout);
    assert.equal(definition, "cosine");
    assert.ok(Math.abs(score - 0.8425205) < 1e-6 && Math.abs(references.clip224 - 0.8667767) < 1e-6);
    assert.deepEqual(imageNames, ["one", "two"]);
    assert.match(run().stdout, /^A = 0\.8668 \(cosine, target-to-reference, 2 images\)/);
    const short = await file("short.safetensors", { one: at224 });
    assert.match(
      run("--reference", `r=${short}`).stderr,
      /must hold tokens of every target image, received none named two/,
    );
    assert.match(run("--reference", short).stderr, /--reference must be NAME=TOKENS/);
  });

  it("says what a command needs", () => {
    assert.match(
      fovea("law", "c-score").stderr,
      /--spair DIR or --ap10k DIR, and --encoder E or --features DIR, are needed/,
    );
    assert.match(
      fovea("law", "guess").stderr,
      /the command must be one of fit, policy, plan, c-score, a-score, received "guess"/,
    );
    assert.match(fovea("law", "fit", "--degree", "3").stderr, /--degree must be 1 or 2, received 3/);
  });
});
