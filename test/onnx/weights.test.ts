import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { onnxruntime } from "../../kernel/backend/onnxruntime";
import * as encoders from "../../kernel/encoders";
import * as onnx from "../../kernel/onnx";
import { editModel } from "../../kernel/onnx/edit";
import { OnnxError } from "../../kernel/onnx";
import { readModel } from "../../kernel/onnx/parse";
import { nodeMessage, tensorMessage } from "../../kernel/onnx/build.ts";
import { joinBytes } from "../../kernel/numeric/join";
import { bytesField, integerField, textField } from "../../kernel/onnx/encode.ts";
import { images } from "../encoders/golden.ts";

const MODEL = join(import.meta.dirname, "golden", "vit.ts17.onnx");
const folder = mkdtempSync(join(tmpdir(), "fovea-weights-"));
after(() => rmSync(folder, { recursive: true }));

const pixels = () => ({
  pixel_values: {
    type: "float32" as const,
    data: new Float32Array(3072).map((_, i) => Math.sin(i)),
    dims: [1, 3, 32, 32],
  },
});

async function run(model: string | Uint8Array, weightsFolder: string | null): Promise<Float32Array> {
  const session = await onnxruntime.create(model, { fn: "encoders.load", device: "cpu", weightsFolder });
  const { last_hidden_state: result } = await session.run(pixels(), ["last_hidden_state"]);
  await session.dispose();
  return result.data as Float32Array;
}

async function features(path: string): Promise<Float32Array> {
  const encoder = await encoders.load(path, { preprocess: { inputSize: 32 }, device: "cpu" });
  const { intermediates } = await encoder.forwardIntermediates(images, { indices: 1 });
  await encoder.dispose();
  return intermediates[0].data;
}

describe("an edited model refers to its weights", () => {
  const model = readModel(MODEL);
  const edited = editModel(model, ["last_hidden_state"], "test");

  it("holds small tensors only, and gives the same result bit for bit", async () => {
    assert.ok(edited.bytes.length < 0.4 * model.size, `${edited.bytes.length} of ${model.size} bytes`);
    assert.deepEqual(await run(edited.bytes, edited.weightsFolder), await run(MODEL, null));
  });

  it("keeps its weights inside when it came as bytes", async () => {
    const inside = editModel(readModel(readFileSync(MODEL)), ["last_hidden_state"], "test");
    assert.equal(inside.weightsFolder, null);
    assert.deepEqual(await run(inside.bytes, null), await run(MODEL, null));
  });

  it("leaves out what its outputs do not need", () => {
    const { blocks } = onnx.inspect(MODEL);
    const cut = editModel(model, [blocks[0].residual], "test");
    assert.ok(cut.bytes.length < 0.6 * edited.bytes.length);
    assert.equal(onnx.inspect(cut.bytes).blocks.length, 1);
    assert.ok(onnx.inspect(cut.bytes).parameters < 0.5 * onnx.inspect(MODEL).parameters);
  });

  it("refuses an output that the graph does not make, and a file that changed", () => {
    assert.throws(
      () => editModel(model, ["nothing"], "test"),
      /^OnnxError: test: the graph makes no tensor of this name, received "nothing"$/,
    );
    const path = join(folder, "changing.onnx");
    copyFileSync(MODEL, path);
    const read = readModel(path);
    writeFileSync(path, readFileSync(path).subarray(0, 100_000));
    assert.throws(() => editModel(read, ["last_hidden_state"], "test"), /the model file changed after it was read/);
  });

  it("loads external data, also from a cache of symbolic links as the hub's", async () => {
    const [blobs, snapshot] = [join(folder, "blobs"), join(folder, "snapshots", "main")];
    mkdirSync(blobs);
    mkdirSync(snapshot, { recursive: true });
    writeFileSync(join(blobs, "aaaa"), edited.bytes);
    copyFileSync(MODEL, join(blobs, "bbbb"));
    symlinkSync(join("..", "..", "blobs", "aaaa"), join(snapshot, "model.onnx"));
    symlinkSync(join("..", "..", "blobs", "bbbb"), join(snapshot, "vit.ts17.onnx"));
    assert.deepEqual(await features(join(snapshot, "model.onnx")), await features(MODEL));
    rmSync(join(snapshot, "vit.ts17.onnx"));
    await assert.rejects(
      features(join(snapshot, "model.onnx")),
      (error) => error instanceof OnnxError && /external data file is missing/.test(error.message),
    );
  });
});

it("a graph whose nodes are in no order is sorted: an fp16 conversion whose cast of the input stands last", async () => {
  const path = join(import.meta.dirname, "golden", "unsorted.fp16.onnx");
  const encoder = await encoders.load(path, { preprocess: { inputSize: 32 }, device: "cpu" });
  assert.equal(encoder.info.depth, 3);
  const { final } = await encoder.forwardIntermediates(images, { norm: true });
  await encoder.dispose();
  const edited = editModel(readModel(path), ["last_hidden_state"], "test");
  assert.deepEqual(await run(edited.bytes, edited.weightsFolder), await run(path, null));
  assert.ok(final.data.every(Number.isFinite));
});

describe("inputs beside the picture", () => {
  /** `x + x · w · mask` of positive `x`: features are those of the mask that was given. */
  const masked = (name: string, dims: number[]) => {
    const node = (op: string, inputs: string[], output: string) => bytesField(1, nodeMessage({ op, inputs, output }));
    const shape = (sizes: number[]) => joinBytes(sizes.map((size) => bytesField(1, integerField(1, size))));
    const value = (of: string, sizes: number[]) =>
      joinBytes([
        textField(1, of),
        bytesField(2, bytesField(1, joinBytes([integerField(1, 1), bytesField(2, shape(sizes))]))),
      ]);
    const graph = [
      node("Relu", ["x"], "s"),
      node("MatMul", ["s", "w"], "p"),
      node("Mul", ["p", name], "q"),
      node("Add", ["s", "q"], "y"),
      bytesField(5, tensorMessage("w", [8, 8], new Float32Array(64).fill(1))),
      bytesField(11, value("x", [1, 3, 8, 8])),
      bytesField(11, value(name, dims)),
      bytesField(12, value("y", [1, 3, 8, 8])),
    ];
    const opset = joinBytes([textField(1, ""), integerField(2, 17)]);
    const path = join(folder, `${name}.onnx`);
    writeFileSync(path, joinBytes([integerField(1, 8), bytesField(7, joinBytes(graph)), bytesField(8, opset)]));
    return path;
  };
  const input = { data: new Uint8Array(192).fill(255), width: 8, height: 8, channels: 3 as const };
  const preprocess = { inputSize: 8, mean: [0, 0, 0], std: [1, 1, 1] };
  const first = async (path: string, options: object) => {
    const encoder = await encoders.load(path, { preprocess, device: "cpu", ...options });
    const { intermediates } = await encoder.forwardIntermediates(input, { intermediatesOnly: true });
    await encoder.dispose();
    return intermediates[0].data[0];
  };

  it("are named where nothing tells what they are", async () => {
    await assert.rejects(
      first(masked("mask", [1, 1, 8, 8]), {}),
      /the graph needs an input beside the picture: .*inputs: \{ "mask": "zeros" \}.*received "mask of shape \[1, 1, 8, 8\]"/,
    );
    await assert.rejects(
      first(masked("mask", [1, 1, 8, 8]), { inputs: { mask: "ones", other: "ones" } }),
      /inputs may name mask only, received "other"/,
    );
    await assert.rejects(first(masked("mask", [1, 1, 8, 8]), { inputs: { mask: "twos" } }), /zeros, ones or/);
  });

  it("are filled as the option or their name says", async () => {
    assert.equal(await first(masked("mask", [1, 1, 8, 8]), { inputs: { mask: "zeros" } }), 1);
    assert.equal(await first(masked("mask", [1, 1, 8, 8]), { inputs: { mask: { fill: 2 } } }), 17);
    assert.equal(await first(masked("pixel_mask", [1, 1, 8, 8]), {}), 9);
    assert.equal(await first(masked("bool_masked_pos", [1, 1, 8, 8]), {}), 1);
  });
});
