import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { Vce } from "../../kernel/vce/index.ts";
import { lora } from "../lora/names.ts";
import { nn, tf, type Tensor } from "../nn/names.ts";
import { models } from "./names.ts";
import { assertSame, checkOnnx, draw, runOnnx, SMALL, VARIANTS } from "./onnx.ts";

const PICTURES = { pixel_values: [1, 3, 16, 16] };
const DYNAMIC = ["batch", "height", "width"] as const;
const RUNS = [[[1, 3, 16, 16]], [[3, 3, 24, 40]], [[2, 3, 8, 12]]];

/** Values far from those of the start, so that no part of a model is close to the identity. */
function scrambled<M extends nn.Module>(model: M, seed = 1): M {
  for (const parameter of model.namedParameters().values())
    parameter.assign(tf.tidy(() => tf.randomNormal(parameter.shape, 0, 0.3, "float32", seed++)));
  return model;
}

const vit = (config: models.VitConfig = {}) => scrambled(new models.VisionTransformer({ ...SMALL, ...config }));

describe("a vision transformer as ONNX", () => {
  before(() => nn.start());

  for (const [name, config] of Object.entries(VARIANTS))
    it(`${name}: equal at other batch sizes and grids`, async () => {
      const file = await checkOnnx(vit(config), { inputs: PICTURES, dynamic: DYNAMIC }, RUNS);
      assert.deepEqual(file.inputs, [{ name: "pixel_values", type: 1, dims: ["batch", 3, "height", "width"] }]);
      assert.equal(file.outputs[0].dims[0], "batch");
    });

  it("without dynamic dimensions: shapes are constants, and no operator asks for one", async () => {
    const file = await checkOnnx(
      vit(VARIANTS["rotary, norms of queries and keys"]),
      { inputs: PICTURES },
      RUNS.slice(0, 1),
    );
    for (const op of ["Shape", "Range", "Resize", "Expand"]) assert.equal(file.operators[op], undefined, op);
    assert.deepEqual(file.outputs[0].dims, [1, 16]);
  });

  it("has the operators of its layers, one for each", async () => {
    const { operators } = await models.toOnnx(vit(), { inputs: PICTURES, dynamic: ["batch"] });
    const expected = { Conv: 1, LayerNormalization: 5, Gemm: 8, Softmax: 2, Gelu: 2, Erf: undefined, MatMul: 4 };
    for (const [op, count] of Object.entries(expected)) assert.equal(operators[op], count, op);
  });

  it("several outputs by name: levels of the stream", async () => {
    const model = vit().eval();
    const call = (x: Tensor) => {
      const { intermediates, final } = model.forwardIntermediates(x, { outputFmt: "NCHW" });
      return { first: intermediates[0], last: intermediates[1], final: final! };
    };
    const file = await models.toOnnx(model, { inputs: PICTURES, dynamic: DYNAMIC, call });
    const inputs = draw(PICTURES, [[2, 3, 8, 12]]);
    const results = await runOnnx(await file.bytes(), inputs, ["first", "last", "final"]);
    for (const [name, expected] of Object.entries(call([...inputs.values()][0])))
      assertSame(results[name], expected, 1e-5, name);
  });

  it("weights lie in a file beside the model when asked, and are those of the moment", async () => {
    const folder = mkdtempSync(join(tmpdir(), "fovea-onnx-"));
    const model = vit();
    const file = await models.toOnnx(model, { inputs: PICTURES, dynamic: ["batch"] });
    scrambled(model, 99);
    await file.save(join(folder, "model.onnx"), { externalData: true });
    assert.deepEqual(readdirSync(folder).sort(), ["model.onnx", "model.onnx.data"]);
    assert.ok(statSync(join(folder, "model.onnx.data")).size > 4 * 16 * 48);
    const inputs = draw(PICTURES, [[2, 3, 16, 16]]);
    const { output } = await runOnnx(join(folder, "model.onnx"), inputs, ["output"]);
    assertSame(output, model.eval().forward([...inputs.values()][0]), 1e-5, "external");
    const inside = readFileSync(join(folder, "model.onnx")).length;
    await file.save(join(folder, "model.onnx"));
    assert.ok(readFileSync(join(folder, "model.onnx")).length > inside + 1000);
    rmSync(folder, { recursive: true });
  });

  it("keeps each layer in its mode, and the device", async () => {
    const model = vit({ attnDropRate: 0.5, dropPathRate: 0.5 }).train();
    model.blocks[1].eval();
    const device = tf.getBackend();
    await checkOnnx(model.train(), { inputs: PICTURES }, []);
    model.train();
    model.blocks[1].eval();
    await models.toOnnx(model, { inputs: PICTURES });
    assert.deepEqual(
      [model.training, model.blocks[0].attn.training, model.blocks[1].attn.training],
      [true, true, false],
    );
    assert.equal(tf.getBackend(), device);
  });
});

describe("other modules as ONNX", () => {
  before(() => nn.start());

  it("a convolution, a block with masked and grouped attention", async () => {
    await checkOnnx(
      scrambled(new nn.Conv2d(2, 3, { kernel: 3, stride: 2, padding: 1 })),
      { inputs: { x: [1, 2, 8, 6] }, dynamic: DYNAMIC },
      [[[2, 2, 10, 9]]],
    );
    const block = new nn.Block(8, { heads: 4, keyValueHeads: 2, causal: true, layerScale: 0.5 });
    await checkOnnx(scrambled(block), { inputs: { x: [1, 5, 8] }, dynamic: ["batch"] }, [[[3, 5, 8]]]);
  });

  it("a language model, from words to logits", async () => {
    const config = {
      vocab_size: 9,
      hidden_size: 8,
      intermediate_size: 12,
      num_hidden_layers: 2,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      rms_norm_eps: 1e-6,
      rope_theta: 10_000,
    };
    const model = scrambled(new models.LanguageModel(config));
    const call = (ids: Tensor, mask: Tensor): Tensor => {
      const hidden = model.forward(model.embed(ids), mask);
      return model.logits(tf.reshape(hidden, [-1, 8]));
    };
    const inputs = { ids: { shape: [1, 4], dtype: "int32" }, mask: { shape: [1, 4], dtype: "int32" } } as const;
    const runs = [
      [
        [3, 4],
        [3, 4],
      ],
    ];
    await checkOnnx(model, { inputs, dynamic: ["batch"], call }, runs, { most: 2 });
  });

  it("visual cue enhancement, by operations in place of loops", async () => {
    const vce = scrambled(new Vce(8, { indices: [-1, -2, -3], heads: 2, points: 3 }));
    const inputs = { a: [1, 12, 8], b: [1, 12, 8], c: [1, 12, 8] };
    const call = (...levels: Tensor[]): Tensor => vce.forward(levels, [3, 4]);
    const shapes = [1, 2].map((B) => Object.values(inputs).map(([, N, C]) => [B, N, C]));
    await checkOnnx(vce, { inputs, dynamic: ["batch"], call }, shapes, { tolerance: 2e-5 });
  });

  const ADAPTERS = {
    LORA: { peftType: "LORA" },
    DoRA: { peftType: "LORA", useDora: true },
    DUAL_LORA: { peftType: "DUAL_LORA" },
    MOE_LORA: { peftType: "MOE_LORA" },
  } as const;
  for (const [name, kind] of Object.entries(ADAPTERS))
    it(`with ${name} attached`, async () => {
      const model = vit();
      lora.attach(model, { ...kind, r: 2, loraAlpha: 4, targetModules: ["qkv", "fc1"] } as never);
      scrambled(model, 40);
      const file = await checkOnnx(model, { inputs: PICTURES, dynamic: DYNAMIC }, RUNS, { tolerance: 2e-5 });
      assert.ok(file.operators["Gemm"] > 8);
    });

  it("after an adapter was merged: the graph of the base, its features", async () => {
    const model = vit();
    const base = await models.toOnnx(model, { inputs: PICTURES, dynamic: ["batch"] });
    const adapters = lora.attach(model, { r: 2, loraAlpha: 4, targetModules: ["qkv"] });
    scrambled(model, 40);
    await adapters.merge();
    const file = await checkOnnx(model, { inputs: PICTURES, dynamic: ["batch"] }, [[[2, 3, 16, 16]]]);
    assert.deepEqual(file.operators, base.operators);
  });
});

describe("what cannot be written as ONNX", () => {
  before(() => nn.start());

  class Odd extends nn.Module {
    inner = new nn.Linear(4, 4);
    constructor(private readonly compute: (x: Tensor) => Tensor) {
      super();
    }
    forward(x: Tensor): Tensor {
      return this.compute(this.inner.forward(x));
    }
  }
  class Outer extends nn.Module {
    part: Odd;
    constructor(compute: (x: Tensor) => Tensor) {
      super();
      this.part = new Odd(compute);
    }
    forward(x: Tensor): Tensor {
      return this.part.forward(x);
    }
  }
  const refused = (compute: (x: Tensor) => Tensor, message: RegExp, dynamic: "batch"[] = []) =>
    assert.rejects(models.toOnnx(new Outer(compute), { inputs: { x: [2, 4] }, dynamic }), message);

  it("is named, with the module that asked for it", async () => {
    await refused((x) => tf.topk(x as never, 1).values, /known as ONNX operators \(in part\), received "TopK"/);
    await refused((x) => tf.fft(tf.complex(x, x)), /known as ONNX operators \(in part\), received "Complex"/);
  });

  it("a value that is read while the model runs", () =>
    refused(
      (x) => tf.mul(x, x.dataSync()[0]),
      /must not read values while it runs \(in part\), received "(Reshape|Add)"/,
    ));

  it("constants and paths that follow a dynamic size", async () => {
    const ramp = (x: Tensor): Tensor => tf.add(x, tf.tensor([...Array(x.shape[0]).keys()], [x.shape[0], 1]));
    await refused(ramp, /constants must not follow the sizes of dynamic dimensions/, ["batch"]);
    const path = (x: Tensor): Tensor => ((x.shape[0] as number) > 3 ? tf.exp(x) : tf.sin(x));
    await refused(path, /same operations at every size \(in part\), received "Sin"/, ["batch"]);
    const fixed = (x: Tensor): Tensor => tf.reshape(x, [8]);
    await refused(fixed, /batch must be free in the model/, ["batch"]);
  });

  it("leaves the device and the tensors as they were", async () => {
    const [device, count] = [tf.getBackend(), tf.memory().numTensors];
    await assert.rejects(models.toOnnx(new Outer((x) => tf.topk(x as never, 1).values), { inputs: { x: [2, 4] } }));
    assert.equal(tf.getBackend(), device);
    assert.equal(tf.memory().numTensors - count, 2, "the parameters of the new model alone");
    assert.deepEqual([...tf.add(1, 2).dataSync()], [3]);
  });

  it("bad options", async () => {
    const model = vit();
    const write = (options: object) => models.toOnnx(model, { inputs: PICTURES, ...options } as models.ToOnnxOptions);
    await assert.rejects(write({ opset: 17 }), /options are inputs, dynamic, call, name, received "opset"/);
    await assert.rejects(write({ inputs: {} }), /inputs must name at least one input/);
    await assert.rejects(write({ inputs: { x: [0, 3] } }), /sizes of x must be whole numbers/);
    await assert.rejects(write({ dynamic: ["depth"] }), /dynamic must name batch, height, width, received "depth"/);
    await assert.rejects(
      write({ inputs: { x: { shape: [1], dtype: "float64" } } }),
      /dtype of x must be float32, int32, bool/,
    );
    await assert.rejects(write({ call: () => 5 as never }), /must return tensors/);
    const file = await write({});
    await assert.rejects(file.save("model.bin"), /must end in \.onnx/);
  });
});
