import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { onnx } from "../../kernel/onnx/index.ts";

const GOLDEN = join(import.meta.dirname, "golden");
const models = readdirSync(GOLDEN).filter((name) => name.endsWith(".onnx"));

describe("inspect finds blocks by structure", () => {
  for (const name of models)
    it(`${name}: three blocks with residual, attention, query, key and value`, () => {
      const seen = onnx.inspect(join(GOLDEN, name));
      assert.equal(seen.refusal, null);
      assert.deepEqual(
        seen.blocks.map((block) => block.index),
        [0, 1, 2],
      );
      const names = seen.blocks.flatMap(({ residual, attention, query, key, value }) => [
        residual,
        attention,
        query,
        key,
        value,
      ]);
      assert.ok(names.every((tensor) => typeof tensor === "string" && tensor !== ""));
      assert.equal(new Set(names).size, 15, "all different");
      assert.ok(seen.stem !== null && seen.stem !== "");
      assert.equal(seen.finalNorm === null, name.startsWith("beit"), "all but BEiT end in a norm");
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
});
