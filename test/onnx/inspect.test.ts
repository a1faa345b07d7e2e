import { bundleOf } from "../../kernel/display/display.ts";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import * as onnx from "../../kernel/onnx";
import type { Inspection } from "../../kernel/onnx";

const GOLDEN = join(import.meta.dirname, "golden");
/** Exports of make_golden.py: three blocks each, attention of separate operators. */
const PLAIN = [
  "vit.ts14",
  "vit.ts17",
  "vit.dynamo",
  "deit.ts17",
  "deit.dynamo",
  "dinov2.ts17",
  "dinov2.dynamo",
  "dinov2.scrambled",
  "dinov2reg.dynamo",
  "clip.ts17",
  "clip.dynamo",
  "siglip.ts17",
  "siglip.dynamo",
  "beit.ts17",
  "timm.ts17",
  "timm.dynamo",
  "sam.ts17",
  "sam.dynamo",
  "dinov3.ts17",
  "aimv2.ts17",
  "aimv2.dynamo",
  "eva02.dynamo",
  "vit.fp16",
  "vit.int8",
  "vit.qdq",
  "vit.extended",
  "vit.fused",
  "swin.ts17",
  "timmswin.ts17",
  "timmswin.dynamo",
];

/** Blocks by stage of those that are not three alike. */
const STAGES: Record<string, number[]> = {
  dinov3: [0, 0],
  aimv2: [0, 0],
  eva02: [0, 0],
  swin: [0, 0, 1, 1],
  timmswin: [0, 0, 1, 1],
  convnext: [0, 0, 1, 1],
  resnet: [0, 0, 1, 1, 2, 2, 3, 3],
};

/** BEiT pools its tokens, SAM and the ConvNeXt and ResNet exports end in convolutions or sums. */
const WITHOUT_NORM = ["beit", "sam", "convnext", "resnet"];

const inspect = (name: string): Inspection => onnx.inspect(join(GOLDEN, `${name}.onnx`));

describe("an inspection as the result of a cell", () => {
  it("is the terminal's text and a table, with its own keys only", () => {
    const seen = inspect("vit.dynamo23");
    const bundle = bundleOf(seen);
    assert.equal(bundle["text/plain"], onnx.format(seen));
    assert.match(String(bundle["text/html"]), /<th scope="row" [^>]*>block 0 \(stage 0\)<\/th>/);
    assert.deepEqual(Object.keys(JSON.parse(JSON.stringify(seen)) as object), Object.keys(seen));
    assert.match(String(bundleOf(inspect("vit.qoperator"))["text/html"]), /no blocks<\/th><td [^>]*>[^<]*QOperator/);
  });
});

describe("inspect finds blocks by structure", () => {
  for (const name of PLAIN)
    it(`${name}: every block with residual, attention, query, key and value`, () => {
      const [model] = name.split(".");
      const { refusal, blocks, stem, finalNorm } = inspect(name);
      assert.equal(refusal, null);
      assert.deepEqual(
        blocks.map((block) => block.stage),
        STAGES[model] ?? [0, 0, 0],
      );
      assert.deepEqual(
        blocks.map((block) => block.index),
        blocks.map((_, i) => i),
      );
      const names = blocks.flatMap(({ residual, attention, query, key, value }) => [
        residual,
        attention,
        query,
        key,
        value,
      ]);
      assert.ok(names.every((tensor) => typeof tensor === "string" && tensor !== ""));
      assert.equal(new Set(names).size, 5 * blocks.length, "all different");
      assert.ok(stem !== null && stem !== "");
      assert.equal(finalNorm === null, WITHOUT_NORM.includes(model));
    });

  for (const name of ["convnext.ts17", "convnext.dynamo", "resnet.ts17"])
    it(`${name}: each residual is a block, stages by downsampling, no attention`, () => {
      const { blocks, finalNorm } = inspect(name);
      assert.deepEqual(
        blocks.map((block) => block.stage),
        STAGES[name.split(".")[0]],
      );
      assert.ok(
        blocks.every(({ attention, query, key, value }) => [attention, query, key, value].every((x) => x === null)),
      );
      assert.equal(finalNorm, null);
    });

  it("vit.dynamo23: the standard Attention operator shows what it can hand out", () => {
    const { blocks } = inspect("vit.dynamo23");
    assert.equal(blocks.length, 3);
    for (const { attention, query, key, value } of blocks)
      assert.ok([attention, query, key, value].every((x) => x !== null));
  });

  it("refuses QOperator and NCHWc with the reason", () => {
    assert.match(inspect("vit.qoperator").refusal!, /QOperator/);
    assert.match(inspect("vit.nchwc").refusal!, /NCHWc/);
    assert.deepEqual(inspect("vit.nchwc").blocks, []);
  });

  it("tells opset, inputs, outputs and parameters", () => {
    const seen = onnx.inspect(join(GOLDEN, "vit.ts17.onnx"));
    assert.deepEqual(
      {
        opset: seen.opset,
        inputs: seen.inputs,
        outputs: seen.outputs.map((output) => output.name),
        image: seen.imageInput,
      },
      {
        opset: 17,
        inputs: [{ name: "pixel_values", dims: ["batch", 3, 32, 32] }],
        outputs: ["last_hidden_state"],
        image: "pixel_values",
      },
    );
    // 32,256 by torch: sum(p.numel() for p in model.parameters()) without the pooler, which the export leaves out.
    assert.ok(seen.parameters > 32_000 && seen.parameters < 33_000);
  });

  it("sees the same in a file and in its bytes", () => {
    const path = join(GOLDEN, "clip.dynamo.onnx");
    const fromBytes = onnx.inspect(readFileSync(path));
    assert.deepEqual({ ...fromBytes, path }, onnx.inspect(path));
  });

  it("prints for a terminal what it sees", () => {
    const text = onnx.format(inspect("vit.dynamo"));
    assert.match(text, /opset 20.*3[0-9],[0-9]{3} parameters\ninputs {3}pixel_values \[.*, 3, 32, 32\]/);
    assert.equal(text.match(/^block \d \(stage 0\)/gm)!.length, 3);
    assert.match(text, /norm {5}last_hidden_state$/);
    assert.match(onnx.format(inspect("vit.nchwc")), /no blocks: its layout was changed to NCHWc/);
  });
});
