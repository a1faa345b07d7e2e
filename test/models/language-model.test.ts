import assert from "node:assert/strict";
import { join } from "node:path";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { below, checkModule, tensorOf } from "../nn/golden.ts";
import { onEveryDevice } from "../nn/devices.ts";
import { nn, tf } from "../nn/names.ts";
import { models } from "./names.ts";
import * as safetensors from "../../kernel/safetensors";

const CONFIG = {
  vocab_size: 11,
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-6,
  rope_theta: 10_000,
};

const golden = safetensors.parse(
  readFileSync(join(import.meta.dirname, "golden", "language-model.safetensors")),
).tensors;

onEveryDevice("the language model", () => {
  it("computes Llama's hidden states and gradients", () => {
    checkModule(
      golden,
      "llama",
      () => new models.LanguageModel(CONFIG),
      (model, x) => model.forward(x),
    );
  });

  it("gives the logits of transformers where the padding is hidden", () => {
    const model = new models.LanguageModel(CONFIG);
    nn.loadState(model, below(golden, "llama/p."));
    const [ids, mask, expected] = ["ids", "mask", "logits"].map((key) => tensorOf(golden.get(`padded/${key}`)!));
    const logits = tf.tidy(() => {
      const hidden = model.forward(model.embed(ids), mask);
      return tf.reshape(model.logits(tf.reshape(hidden, [-1, 8])), [2, 5, 11]);
    });
    // Values at padded places mean nothing.
    const kept = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => i * 11);
    const [actual, reference] = [logits.dataSync(), expected.dataSync()];
    for (const at of kept)
      for (let i = at; i < at + 11; i++) assert.ok(Math.abs(actual[i] - reference[i]) < 1e-4, `logit ${i}`);
    tf.dispose([ids, mask, expected, logits]);
    model.dispose();
  });
});

describe("a language model's configuration", () => {
  it("names the field that is wrong", async () => {
    await nn.start("cpu");
    assert.throws(
      () => new models.LanguageModel({ ...CONFIG, hidden_size: 10 }),
      /models\.LanguageModel: hidden_size must be a multiple of num_attention_heads \(4\).*10/,
    );
  });
});
