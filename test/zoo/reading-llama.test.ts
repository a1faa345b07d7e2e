import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { before, describe, it } from "node:test";
import * as world from "../../kernel/data/world";
import { models } from "../models/names.ts";
import { tensorOf } from "../nn/golden.ts";
import { nn, tf } from "../nn/names.ts";
import * as safetensors from "../../kernel/safetensors";

const folder = resolve("kernel/zoo/reading-llama");

interface Card {
  readonly architecture: { readonly parameters: number; readonly vocabulary: number };
  readonly figures: Readonly<
    Record<"val" | "test", { readonly "right answers, percent": Readonly<Record<string, number>> }>
  >;
}

const card = JSON.parse(readFileSync(join(folder, "card.json"), "utf8")) as Card;

describe("reading-llama", () => {
  before(() => nn.start("native"));

  it("is small, and as large as its card says", async () => {
    assert.ok(statSync(join(folder, "model.safetensors")).size <= 8e6);
    const { model } = await models.load("zoo/reading-llama");
    const sizes = [...model.namedParameters().values()].map(({ size }) => size);
    assert.equal(
      sizes.reduce((sum, size) => sum + size, 0),
      card.architecture.parameters,
    );
    model.dispose();
  });

  it("gives the logits of transformers", async () => {
    const golden = safetensors.parse(readFileSync(resolve("test/zoo/golden/reading-llama.safetensors"))).tensors;
    const { model } = await models.load("zoo/reading-llama");
    const [ids, expected] = ["ids", "logits"].map((key) => tensorOf(golden.get(key)!));
    const logits = tf.tidy(() => {
      const hidden = model.forward(model.embed(ids));
      return model.logits(tf.reshape(hidden, [-1, model.config.hidden_size])).dataSync();
    });
    const reference = [...expected.dataSync()];
    const largest = reference.reduce((most, value, i) => Math.max(most, Math.abs(value - logits[i])), 0);
    assert.ok(largest < 2e-3, `${largest}`);
    tf.dispose([ids, expected]);
    model.dispose();
  });

  it("knows every word of the world's questions, answers and readings", async () => {
    const { model, tokenizer } = await models.load("zoo/reading-llama");
    model.dispose();
    const [unknown] = tokenizer.encode(["[UNK]"]).ids;
    for (let seed = 0; seed < 40; seed++) {
      const { scene, image, questions } = world.quiz(seed, { split: "test", perType: 3 });
      const texts = [world.reading(scene, image), ...questions.flatMap(({ question, answer }) => [question, answer])];
      for (const text of texts) assert.ok(!tokenizer.encode([text]).ids.includes(unknown), text);
    }
  });

  it("has the figures of its card in the README", () => {
    const readme = readFileSync(resolve("kernel/zoo/README.md"), "utf8");
    const figures = card.figures.test["right answers, percent"];
    const row = Object.values(figures).map((value) => value.toFixed(1));
    assert.ok(readme.includes(`| \`reading-llama\` | ${row.join(" | ")} |`), row.join(" | "));
  });
});

describe("a folder of a language model", () => {
  it("is refused where a file is missing, broken or of another architecture", async () => {
    await nn.start("native");
    const copy = mkdtempSync(join(tmpdir(), "fovea-llama-"));
    try {
      await assert.rejects(models.load(copy), /models\.load: the folder must hold config\.json/);
      cpSync(folder, copy, { recursive: true });
      const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as object;
      const write = (changed: unknown): void => writeFileSync(join(copy, "config.json"), JSON.stringify(changed));
      write({ ...config, model_type: "gpt2" });
      await assert.rejects(models.load(copy), /model_type must be llama, received "gpt2"/);
      write({ ...config, hidden_size: -1 });
      await assert.rejects(models.load(copy), /hidden_size must be positive.*-1/);
      write({ ...config, rope_parameters: { rope_type: "yarn" } });
      await assert.rejects(models.load(copy), /rope_type must be default, received "yarn"/);
      write({ ...config, vocab_size: 5 });
      await assert.rejects(models.load(copy), /mis-shaped: model\.embed_tokens\.weight/);
      writeFileSync(join(copy, "config.json"), "{");
      await assert.rejects(models.load(copy), /config\.json must hold JSON/);
    } finally {
      rmSync(copy, { recursive: true });
    }
  });
});
