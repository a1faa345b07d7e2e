import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import * as encoders from "../../kernel/encoders";
import * as onnx from "../../kernel/onnx";
import { OnnxError } from "../../kernel/onnx";
import { joinBytes } from "../../kernel/numeric/join";
import { bytesField, integerField, textField } from "../../kernel/onnx/encode.ts";

const folder = mkdtempSync(join(tmpdir(), "fovea-onnx-"));
after(() => rmSync(folder, { recursive: true }));
const model = readFileSync(join(import.meta.dirname, "golden", "vit.dynamo.onnx"));

function put(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const node = (op: string, inputs: string[], outputs: string[], domain = ""): Uint8Array =>
  bytesField(
    1,
    joinBytes([
      ...inputs.map((name) => textField(1, name)),
      ...outputs.map((name) => textField(2, name)),
      textField(4, op),
      textField(7, domain),
    ]),
  );
const dim = (size: number): Uint8Array => bytesField(1, integerField(1, size));
const shape = bytesField(2, joinBytes([1, 3, 8, 8].map(dim)));
const image = bytesField(
  11,
  joinBytes([textField(1, "x"), bytesField(2, bytesField(1, joinBytes([integerField(1, 1), shape])))]),
);
const graph = (...fields: Uint8Array[]): Uint8Array =>
  joinBytes([
    integerField(1, 8),
    bytesField(8, integerField(2, 17)),
    bytesField(7, joinBytes([image, ...fields, bytesField(12, textField(1, "y"))])),
  ]);

const weights = bytesField(
  5,
  joinBytes([textField(8, "w"), integerField(1, 1), integerField(2, 1), bytesField(9, new Uint8Array(4))]),
);

describe("a file that is no model is refused with function, rule and value", () => {
  const refused = (input: string | Uint8Array, message: RegExp) =>
    assert.throws(
      () => onnx.inspect(input),
      (error) => error instanceof OnnxError && message.test(error.message),
    );

  it("a missing file, a folder, an empty file", () => {
    refused(
      join(folder, "absent.onnx"),
      /^onnx.inspect: the model file cannot be opened \(ENOENT\), received ".*absent.onnx"$/,
    );
    refused(folder, /the model must be a file/);
    refused(put("empty.onnx", ""), /not an ONNX model; this is an empty file/);
  });

  it("text, a picture, an HTML page", () => {
    refused(put("note.onnx", "this is only text, nothing more"), /not an ONNX model; this is text/);
    refused(
      put("page.onnx", "<!DOCTYPE html><html><body>404</body></html>"),
      /not an ONNX model; this is an HTML page/,
    );
    refused(
      put("picture.onnx", Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13)),
      /not an ONNX model/,
    );
  });

  it("a model cut anywhere, or with a byte changed, never breaks anything but itself", () => {
    for (let length = 1; length < model.length; length += 1999)
      refused(model.subarray(0, length), /not an ONNX model, or truncated or damaged/);
    for (let at = 0; at < model.length; at += 2999) {
      const changed = Uint8Array.from(model);
      changed[at] ^= 0xff;
      try {
        onnx.inspect(changed);
      } catch (error) {
        assert.ok(error instanceof OnnxError, String(error));
      }
    }
  });

  it("a length that claims more than there is, before anything is allocated", () => {
    const huge = Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f);
    refused(huge, /field 7 needs \d+ bytes of 0/);
    refused(
      Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
      /longer than ten bytes/,
    );
  });

  it("subgraphs nested without end", () => {
    let inner = node("Abs", ["x"], ["y"]);
    for (let i = 0; i < 40; i++) inner = bytesField(1, bytesField(5, bytesField(6, inner)));
    refused(graph(inner), /subgraphs nest at most 16 deep/);
  });

  it("a tensor that nothing makes, or that is made twice", () => {
    refused(graph(node("Abs", ["later"], ["y"])), /reads a tensor that nothing makes, received "later"/);
    refused(graph(node("Abs", ["x"], ["y"]), node("Neg", ["x"], ["y"])), /one producer only, received "y"/);
    refused(graph(image, node("Abs", ["x"], ["y"])), /graph inputs must differ in name, received "x"/);
  });

  it("a node's output named like a graph input or an initializer", () => {
    const rule = (name: string) =>
      new RegExp(`output may not have the name of a graph input or initializer, received "${name}"`);
    refused(graph(node("Conv", ["x", "w"], ["x"]), weights, node("Add", ["x", "x"], ["y"])), rule("x"));
    refused(graph(node("Abs", ["x"], ["w"]), weights, node("Add", ["w", "x"], ["y"])), rule("w"));
  });

  it("a cycle of any length", () => {
    const rule = /a graph must have no cycle, received/;
    refused(graph(node("Add", ["x", "y"], ["y"])), rule);
    refused(graph(node("Add", ["x", "b"], ["a"]), node("Abs", ["a"], ["b"]), node("Abs", ["b"], ["y"])), rule);
    const long = Array.from({ length: 5000 }, (_, i) => node("Add", [`a${(i + 4999) % 5000}`, "x"], [`a${i}`]));
    refused(graph(...long), rule);
  });

  it("graphs of many residuals are analysed, or refused", { timeout: 300_000 }, () => {
    const many = (make: (i: number) => Uint8Array[], count = 6000): Uint8Array[] =>
      Array.from({ length: count }, (_, i) => make(i)).flat();
    const after = (name: string, i: number): string => (i === 0 ? "x" : `${name}${i}`);
    const shapes = {
      "sums of the input and the end of a long way": [
        ...many((i) => [node("Identity", [after("a", i)], [`a${i + 1}`])]),
        ...many((i) => [node("Add", ["a6000", "x"], [`y${i}`])]),
      ],
      "sums of the input and each product so far": many((i) => [
        node("MatMul", [after("a", i), "w"], [`p${i + 1}`]),
        node("Add", ["x", `p${i + 1}`], [`a${i + 1}`]),
      ]),
      "a product in each sum, from the end of a long way": [
        ...many((i) => [node("Identity", [after("a", i)], [`a${i + 1}`])]),
        ...many((i) => [node("MatMul", ["a6000", "w"], [`p${i}`]), node("Add", ["a6000", `p${i}`], [`y${i}`])]),
      ],
      "a chain of residuals, 20,000 nodes": many(
        (i) => [node("MatMul", [after("a", i), "w"], [`p${i}`]), node("Add", [after("a", i), `p${i}`], [`a${i + 1}`])],
        10_000,
      ),
      "sums side by side over a chain of products": [
        ...many((i) => [node("MatMul", [after("a", i), "w"], [`a${i + 1}`])]),
        ...many((i) => [node("Add", ["x", `a${i + 1}`], [`y${i}`])]),
      ],
    };
    for (const [name, nodes] of Object.entries(shapes)) {
      try {
        onnx.inspect(graph(weights, ...nodes));
      } catch (error) {
        assert.match(String(error), /the branches of a graph may overlap 32 times/, name);
      }
    }
  });

  it("a graph of 2^60 paths is walked once a tensor", () => {
    const doubled = Array.from({ length: 60 }, (_, i) => node("Add", [`a${i}`, `a${i}`], [`a${i + 1}`]));
    const after = Array.from({ length: 60 }, (_, i) => node("Mul", [`s${i}`, `s${i}`], [`s${i + 1}`]));
    const bytes = graph(
      weights,
      node("MatMul", ["x", "w"], ["a0"]),
      ...doubled,
      node("Softmax", ["a60"], ["s0"]),
      ...after,
      node("Add", ["x", "s60"], ["y"]),
    );
    assert.equal(onnx.inspect(bytes).blocks.length, 1);
  });

  it("an initializer without data, or whose file is missing or behind a link out of the folder", () => {
    const scale = (...fields: Uint8Array[]) =>
      bytesField(5, joinBytes([textField(8, "s"), integerField(1, 4), integerField(2, 1), ...fields]));
    const entry = (key: string, value: string) => bytesField(13, joinBytes([textField(1, key), textField(2, value)]));
    const normed = (...fields: Uint8Array[]) =>
      graph(
        weights,
        scale(...fields),
        node("MatMul", ["x", "w"], ["p"]),
        node("Add", ["x", "p"], ["a"]),
        node("LayerNormalization", ["a", "s"], ["y"]),
      );
    assert.equal(onnx.inspect(normed()).refusal, null);
    refused(put("missing.onnx", normed(entry("location", "absent.bin"))), /external data file is missing/);
    const outside = mkdtempSync(join(tmpdir(), "fovea-outside-"));
    writeFileSync(join(outside, "w.bin"), new Uint8Array(16));
    symlinkSync(join(outside, "w.bin"), join(folder, "linked.bin"));
    refused(put("linked.onnx", normed(entry("location", "linked.bin"))), /must lie in the model's folder/);
    put("short.bin", new Uint8Array(3));
    refused(put("short.onnx", normed(entry("location", "short.bin"))), /the file ends inside an initializer/);
    rmSync(outside, { recursive: true });
  });

  it("external data outside the model's folder", () => {
    const entry = (value: string) => bytesField(13, joinBytes([textField(1, "location"), textField(2, value)]));
    for (const place of ["../../etc/passwd", "/etc/passwd", "a/../../b"])
      refused(
        graph(bytesField(5, joinBytes([textField(8, "w"), entry(place)]))),
        /external data of w must lie beside the model/,
      );
  });

  it("a graph without an image input", () => {
    const text = joinBytes([
      integerField(1, 8),
      bytesField(8, integerField(2, 17)),
      bytesField(7, bytesField(12, textField(1, "y"))),
    ]);
    refused(text, /must have a float input \[B, 3, H, W\]/);
  });
});

describe("a graph whose blocks cannot be read is refused with the reason", () => {
  const reason = (bytes: Uint8Array): string | null => onnx.inspect(bytes).refusal;

  it("no attention", () => assert.match(reason(graph(node("Relu", ["x"], ["y"])))!, /no residual connection/));
  it("QOperator quantisation", () => assert.match(reason(graph(node("QLinearMatMul", ["x"], ["y"])))!, /QOperator/));
  it("NCHWc layout", () => assert.match(reason(graph(node("Conv", ["x"], ["y"], "com.microsoft.nchwc")))!, /NCHWc/));

  it("and encoders.load says so", async () => {
    const path = put("relu.onnx", graph(node("Relu", ["x"], ["y"])));
    await assert.rejects(encoders.load(path, { preprocess: { inputSize: 8 } }), {
      name: "EncoderError",
      message: `encoders.load: no features can be taken from the graph: it holds no residual connection, received ${JSON.stringify(path)}`,
    });
  });
});

describe("encoders.load names what is missing", () => {
  it("no such thing, no such encoder in the zoo, a folder without a model", async () => {
    await assert.rejects(
      encoders.load("./nowhere.onnx"),
      /there must be a \.onnx file or a folder at \S+nowhere\.onnx; others are hf:owner\/name, or zoo/,
    );
    await assert.rejects(
      encoders.load("zoo/nobody"),
      /^EncoderError: encoders.load: shipped with the package are .*received "zoo\/nobody"$/,
    );
    await assert.rejects(encoders.load(folder), /the folder must hold model.onnx/);
    await assert.rejects(encoders.load(3 as never), /received "number"/);
  });

  it("a truncated model", async () => {
    const path = put("cut.onnx", model.subarray(0, 90_000));
    await assert.rejects(encoders.load(path, { preprocess: { inputSize: 32 } }), {
      name: "OnnxError",
      message: /^encoders.load: .*truncated/,
    });
  });

  it("no preprocessing, a broken configuration, tokens that do not fit", async () => {
    const path = put("whole.onnx", model);
    await assert.rejects(
      encoders.load(path),
      /preprocess must be given, or preprocessor_config.json lie beside the model/,
    );
    const preprocess = { inputSize: 32 };
    await assert.rejects(
      encoders.load(path, { preprocess, patchSize: 5 }),
      /must account for a stream of \[1, 17, 32\], received "6 x 6 patches"/,
    );
    await assert.rejects(encoders.load(path, { preprocess, prefixTokens: 2 }), /4 x 4 patches and 2 prefix tokens/);
    put("preprocessor_config.json", "{ nonsense");
    await assert.rejects(encoders.load(path), /the file must hold JSON .*preprocessor_config.json/);
    rmSync(join(folder, "preprocessor_config.json"));
  });
});
