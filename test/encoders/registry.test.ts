import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as encoders from "../../kernel/encoders";
import { checkFile, parseReference } from "../../kernel/hub/reference";
import * as law from "../../kernel/law";

const { registry } = encoders;

describe("encoders.registry", () => {
  it("names every row of the Law's published table, once", () => {
    const rows = [...new Set(law.publishedTable().rows.map((row) => row.encoder))].sort();
    const named = registry.flatMap((entry) => entry.law ?? []).sort();
    assert.deepEqual(named, rows);
  });

  it("has the grids that the Law's code reads (arXiv 2408.16357)", () => {
    const grids: Record<string, number> = { CLIP224: 16, CLIP336: 24, OpenCLIP: 16, SigLIP: 14, DINOv2: 16 };
    for (const [row, side] of Object.entries(grids)) {
      const { inputSize, patchSize } = registry.find((entry) => entry.law === row)!;
      assert.equal(inputSize / patchSize!, side, row);
    }
  });

  it("names files as encoders.load takes them, parts that it holds, and claims to have run none", () => {
    const names = registry.map((entry) => entry.name);
    assert.equal(new Set(names).size, names.length);
    for (const { onnx, parts, status, mean, std, inputSize, family } of registry) {
      assert.equal(status, "not downloaded here");
      if (onnx) assert.ok(parseReference(onnx.source, "test").repo && checkFile("test", onnx.file).endsWith(".onnx"));
      assert.ok((parts ?? []).every((part) => names.includes(part)));
      assert.equal(family === "concatenation", parts !== null);
      assert.equal(mean === null, std === null);
      assert.ok(inputSize >= 224);
    }
  });
});
