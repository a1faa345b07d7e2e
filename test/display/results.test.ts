import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { test } from "node:test";
import * as tf from "../../kernel/tf.ts";
import { data, features, law, nn } from "../../kernel/index.ts";
import { bundleOf } from "../../kernel/display/display.ts";

const text = (value: unknown): string => String(bundleOf(value)["text/plain"]);

test("a fit is shown as a table with a line for each benchmark, and stays plain data", () => {
  const fit = law.fit(law.publishedTable());
  const [title, head, first] = text(fit).split("\n");
  assert.match(title, /^Fit of 1 \+ a \+ c/);
  assert.match(head, /benchmark +n +R² +adjusted R²/);
  const [name, { n, r2 }] = Object.entries(fit.benchmarks)[0];
  assert.match(first, new RegExp(`${name}.* ${n} +${r2.toFixed(4)}`));
  assert.match(String(bundleOf(fit)["text/html"]), /<th scope="col"[^>]*>R²<\/th>/);
  assert.deepEqual(Object.keys(fit), ["options", "benchmarks", "groups"]);
  assert.equal(JSON.stringify(fit), JSON.stringify({ ...fit }));
  assert.match(inspect([fit]), /Fit of 1 \+ a/, "also inside of an array");
});

test("scores and baselines are shown with their counts", () => {
  const tokens = { data: Float32Array.of(1, 0, 0, 1), width: 2 };
  assert.match(text(law.aScore([tokens], { clip: [tokens] })), /over 1 image[^]*against clip +1\.0000/);
  const box: [number, number, number, number] = [0, 0, 10, 10];
  const side = { size: [10, 10] as const, box, keypoints: { "0": [5, 5] as [number, number] } };
  const score = law.baseline("same-position", [{ source: side, target: side, category: "bird" }], { alphas: [0.1] });
  assert.match(text(score), /Baseline same-position: PCK in percent over 1 pair, 1 keypoint\n[^]*0\.1 +100\.0/);
});

test("tables, data sets and extractions are shown as tables, and stay the plain objects that they are", async () => {
  const table = law.parseTable("encoder,benchmark,a,c,score\nx,mme,1,2,1502.69\ny,mme,2,3,\n");
  assert.match(
    text(table),
    /Scores of 2 encoders on 1 benchmark, with a, c in rows\[i\]\.predictors\n[^]*x +1502\.7\n +y +-/,
  );
  assert.match(text(law.joinTables({ one: table })), /encoder +one: mme/);
  assert.deepEqual(Object.keys(table), ["rows", "encoders", "benchmarks", "predictors", "groups"]);
  const folder = mkdtempSync(join(tmpdir(), "fovea-results-"));
  try {
    await data.world.writeSpair(join(folder, "pairs"), { images: 28, pairs: 14 });
    const set = data.spair.read(join(folder, "pairs"));
    assert.match(text(set), /pairs +14\n +categories +14: airplane, [^]*left out +none/);
    assert.deepEqual(Object.keys(set), ["root", "split", "pairs", "categories", "problems"]);
    const pictures = join(folder, "pictures");
    mkdirSync(pictures);
    copyFileSync(set.pairs[0].source.path, join(pictures, "good.jpg"));
    writeFileSync(join(pictures, "empty.png"), "");
    const made = await features.extract({ encoder: "zoo/parts-hybrid", images: pictures, out: join(folder, "out") });
    assert.match(
      text(made),
      /1 of 2 with features, 0 of them from before\n +left out +1\n +empty\.png +a picture must not be empty/,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a plan and the policy are shown with what they decide", () => {
  const table = law.publishedTable();
  assert.match(text(law.plan(table)), /^Plan: stop\n[^]*reason +Every encoder is trained/);
  assert.match(text(law.policy(table, { trials: 20 })), /20 trials\n[^]*random +\d+\.\d/);
  assert.match(text(law.replayPlan(table)), /^Planner replayed\n[^]*mean +\d/);
});

test("a tensor is printed by type, shape and values", async () => {
  await nn.start("cpu");
  const tensor = tf.tensor2d([
    [1, 2],
    [3, 4],
  ]);
  assert.match(text(tensor), /^Tensor float32 \[2, 2\]\n +\[\[1, 2\],\n +\[3, 4\]\]/);
  assert.match(inspect({ tensor }), /tensor: Tensor float32 \[2, 2\]/);
  tensor.dispose();
  assert.equal(text(tensor), "Tensor float32 [2, 2], disposed");
});
