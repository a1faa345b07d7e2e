import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as data from "../../kernel/data";
import * as encoders from "../../kernel/encoders";
import type { Encoder } from "../../kernel/encoders";
import * as features from "../../kernel/features/index.ts";
import * as law from "../../kernel/law";
import { editModel } from "../../kernel/onnx/edit";
import { quantize } from "../../kernel/onnx/quantize";
import { readModel } from "../../kernel/onnx/parse";
import { DISPLAY } from "../../kernel/display/describe.ts";

const ZOO = join(import.meta.dirname, "..", "..", "kernel", "zoo", "clip-vit");
const forward = { indices: null, outputFmt: "NLC", intermediatesOnly: true } as const;

describe("an encoder in int8", () => {
  let folder: string;
  let exact: Encoder;
  let int8: Encoder;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "fovea-int8-"));
    await data.world.writeSpair(join(folder, "pairs"), {
      split: "test",
      categories: ["bird", "cat"],
      images: 8,
      pairs: 24,
    });
    exact = await encoders.load("zoo/clip-vit", { device: "cpu" });
    int8 = await encoders.load("zoo/clip-vit", { precision: "int8" });
  });
  after(async () => {
    await exact.dispose();
    await int8.dispose();
    rmSync(folder, { recursive: true });
  });
  const pairs = () => data.spair.read(join(folder, "pairs")).pairs;
  const images = () => [...new Set(pairs().map(({ source }) => source.path))].slice(0, 3);

  it("is named after what it is", () => {
    assert.equal(exact.info.precision, "fp32");
    assert.deepEqual([int8.name, int8.info.precision], ["zoo/clip-vit-int8", "int8"]);
    assert.match(JSON.stringify(int8[DISPLAY]()), /precision.*int8/);
    assert.equal(int8.info.parameters, exact.info.parameters);
  });

  it("has features within 3 % of those in single precision at every layer, embeddings within 3 %, but not the same", async () => {
    const [own, other] = await Promise.all([int8, exact].map((of) => of.forwardIntermediates(images(), forward)));
    own.intermediates.forEach((map, l) => {
      const off = relative(map.data, other.intermediates[l].data);
      assert.ok(off > 1e-5 && off < 0.03, `layer ${l} is off by ${off}`);
    });
    const embeddings = await Promise.all([int8, exact].map((of) => of.embed(images())));
    assert.ok(relative(embeddings[0].data, embeddings[1].data) < 0.03);
    const [attention] = await int8.attention(images().slice(0, 1), { indices: [-1] });
    assert.ok(attention.data.length > 0);
  });

  it("gives an image the same features whatever goes through the model with it", async () => {
    const together = await int8.forwardIntermediates(images(), forward);
    const alone = await int8.forwardIntermediates(images()[2], forward);
    alone.intermediates.forEach((map, l) =>
      assert.deepEqual(map.tokens(0), together.intermediates[l].tokens(2), `layer ${l}`),
    );
  });

  it("matches keypoints as well: PCK within 2 %", async () => {
    const score = async (of: Encoder) =>
      (await law.cScore(of, pairs(), { geometry: "encoder", indices: [-1], alphas: [0.1] })).perPoint[0];
    const [own, other] = [await score(int8), await score(exact)];
    assert.ok(Math.abs(own / other - 1) <= 0.02, `${own} beside ${other}`);
  });

  it("extracts under an identity of its own", async () => {
    const out = join(folder, "features");
    const options = { images: images(), out, progress: false };
    const result = await features.extract({ ...options, encoder: "zoo/clip-vit", precision: "int8" });
    assert.deepEqual([result.precision, result.ok], ["int8", 3]);
    const run = JSON.parse(readFileSync(join(out, "run.json"), "utf8")) as { encoder: object };
    assert.equal((run.encoder as { precision: string }).precision, "int8");
    await assert.rejects(
      features.extract({ ...options, encoder: exact }),
      /out must be empty or hold a run of the same encoder/,
    );
    await assert.rejects(
      features.extract({ ...options, encoder: exact, precision: "int8" }),
      /features\.extract: precision must be that of the loaded encoder, fp32, received "int8"/,
    );
  });

  it("is refused for other precisions and devices, and where there is nothing to quantise", async () => {
    const load = (options: object) => encoders.load("zoo/clip-vit", options);
    await assert.rejects(
      load({ precision: "int4" }),
      /encoders\.load: precision must be fp32 or int8, received "int4"/,
    );
    await assert.rejects(
      load({ precision: "int8", device: "webgpu" }),
      /encoders\.load: precision int8 is for the device cpu, received "webgpu"/,
    );
    const model = readModel(readFileSync(join(ZOO, "model.onnx")));
    const outputs = model.outputs.map(({ name }) => name);
    const done = join(folder, "done.onnx");
    writeFileSync(done, editModel({ ...model, quantized: quantize(model, "test") }, outputs, "test").bytes);
    const preprocess = JSON.parse(readFileSync(join(ZOO, "preprocessor_config.json"), "utf8")) as object;
    await assert.rejects(
      encoders.load(done, { preprocess, precision: "int8" }),
      /precision int8 needs MatMul or Gemm with constant float32 weights .* of which it has, received 0/,
    );
  });
});

/** Length of the difference / length. */
function relative(own: Float32Array, other: Float32Array): number {
  const length = (values: Float32Array) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  return length(own.map((value, i) => value - other[i])) / length(other);
}
