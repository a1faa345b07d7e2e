import assert from "node:assert/strict";
import { copyFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import * as encoders from "../../kernel/encoders";
import { type TokenBatch, Tokenizer } from "../../kernel/encoders/tokenizer/index.ts";
import { readSafetensors } from "../../kernel/safetensors/safetensors";
import { GOLDEN, maxAbsDiff, PLAIN } from "./golden.ts";

/** Made by golden/make_tokenizers.py with tokenizers 0.23 and transformers 5.23. */
const HERE = join(import.meta.dirname, "golden");
const FOLDER = join(HERE, "tokenizers");

interface Golden {
  tokenizer: Record<string, unknown> & { model: Record<string, unknown> };
  texts: string[];
  ids: number[][];
  batch: { ids: number[][]; mask: number[][] };
}

const read = (name: string): Golden => JSON.parse(readFileSync(join(FOLDER, `${name}.json`), "utf8")) as Golden;
const names = readdirSync(FOLDER).map((file) => file.slice(0, -5));

function rowsOf({ ids, dims: [count, length] }: TokenBatch): number[][] {
  return Array.from({ length: count }, (_, i) => Array.from(ids.subarray(i * length, (i + 1) * length), Number));
}

describe("a tokenizer equals Hugging Face's", () => {
  it("in every kind that is read", () => {
    assert.deepEqual(names.sort(), ["clip", "gpt2", "roberta", "subwords", "words", "words-and-signs"]);
  });

  for (const name of names) {
    it(`${name}: each text alone`, () => {
      const { tokenizer, texts, ids } = read(name);
      const ours = Tokenizer.fromJson(tokenizer, "test");
      for (const [i, text] of texts.entries()) {
        const { ids: row, mask } = ours.encode([text]);
        const kept = Array.from(row, Number).filter((_, k) => mask[k] === 1n || ids[i].length === row.length);
        assert.deepEqual(kept, ids[i], JSON.stringify(text));
      }
    });

    it(`${name}: texts padded together`, () => {
      const { tokenizer, texts, batch } = read(name);
      const isPadded = tokenizer["padding"] !== null;
      const count = batch.ids.length;
      const ours = Tokenizer.fromJson(tokenizer, "test").encode(texts.slice(0, count));
      const mask = { ...ours, ids: ours.mask };
      const cut = (rows: number[][]) => (isPadded ? rows : rows.map((row, i) => row.slice(0, batch.ids[i].length)));
      assert.deepEqual(cut(rowsOf(ours)), batch.ids);
      assert.deepEqual(cut(rowsOf(mask)), batch.mask);
    });
  }
});

describe("a tokenizer.json that is not read", () => {
  const { tokenizer } = read("clip");
  const { model } = tokenizer;
  const REFUSED: [what: string, changes: object, rule: RegExp][] = [
    [
      "Unigram",
      { model: { type: "Unigram", vocab: [["▁a", -1]] } },
      /WordLevel or BPE model \(Unigram, as SigLIP has it/,
    ],
    ["no model", { model: null }, /must hold a WordLevel or BPE model/],
    ["byte fallback", { model: { ...model, byte_fallback: true } }, /without byte_fallback, received true/],
    ["dropout", { model: { ...model, dropout: 0.1 } }, /without dropout, received 0.1/],
    ["a list for a vocabulary", { model: { ...model, vocab: [] } }, /a vocabulary of texts and ids, received "a list"/],
    ["an id below 0", { model: { ...model, vocab: { a: -1 } } }, /whole numbers from 0, received -1/],
    ["merges of three", { model: { ...model, merges: ["a b c"] } }, /merges of two parts, received "a b c"/],
    [
      "a merge of strangers",
      { model: { ...model, merges: [["never", "seen"]] } },
      /whole numbers from 0, received "never"/,
    ],
    [
      "an unknown token that is none",
      { model: { ...model, unk_token: "never" } },
      /unknown token in the vocabulary, received "never"/,
    ],
    ["another pattern", split({ Regex: "(a+)+$" }), /by the pattern of CLIP, received/],
    ["a pattern by inherited name", split({ Regex: "constructor" }), /by the pattern of CLIP, received/],
    ["a step that is unknown", { pre_tokenizer: { type: "Metaspace" } }, /ByteLevel or Split, received "Metaspace"/],
    [
      "a normaliser",
      { normalizer: { type: "Precompiled" } },
      /NFKD, Lowercase and Replace only, received "Precompiled"/,
    ],
    [
      "a replaced pattern",
      { normalizer: { type: "Replace", pattern: { Regex: "(a|a)*b" }, content: "" } },
      /\\s\+ only/,
    ],
    ["a frame", { post_processor: { type: "Other" } }, /must frame texts by RobertaProcessing/],
    ["a template without text", { post_processor: { type: "TemplateProcessing", single: [] } }, /a place for the text/],
    ["padding on the left", { padding: { direction: "Left" } }, /on the right, received "Left"/],
    ["padding without end", { padding: { strategy: { Fixed: 1e7 } } }, /65536 ids at most, received 10000000/],
    ["a token that is a word", { added_tokens: [{ id: 1, content: "a", single_word: true }] }, /a single word only/],
    ["a token that is null", { added_tokens: [null] }, /added tokens as objects, received null/],
    [
      "100,000 added tokens",
      { added_tokens: Array.from({ length: 100_000 }, (_, id) => ({ id, content: `<${id}>` })) },
      /may add 8192 tokens, received 100000/,
    ],
    ["sequences without end", { normalizer: nested(20_000) }, /may nest sequences 16 deep/],
    [
      "merges with a hole",
      { model: { type: "BPE", vocab: { a: 0, b: 1, ab: 2 }, merges: ["a b", null] } },
      /must list merges of two parts, received null/,
    ],
    [
      "a long replacement",
      { normalizer: { type: "Replace", pattern: { String: "a" }, content: "a".repeat(33) } },
      /may replace by 32 characters at most/,
    ],
    ["a token of nothing", { added_tokens: [{ id: 1, content: "" }] }, /what its added tokens look like, received ""/],
  ];
  for (const [what, changes, rule] of REFUSED)
    it(`refuses ${what}`, () => {
      assert.throws(() => Tokenizer.fromJson({ ...tokenizer, ...changes }, "test"), rule);
    });

  it("refuses a text that its steps make longer and longer", () => {
    const step = { type: "Replace", pattern: { String: "a" }, content: "aa" };
    const normalizer = { type: "Sequence", normalizers: Array(30).fill(step) };
    const doubling = Tokenizer.fromJson({ ...tokenizer, normalizer }, "test");
    assert.throws(() => doubling.encode(["a".repeat(1000)]), /may make a text 32 times as long by its steps/);
  });

  function nested(depth: number): object {
    let step: object = { type: "Lowercase" };
    for (let i = 0; i < depth; i++) step = { type: "Sequence", normalizers: [step] };
    return step;
  }

  function split(pattern: object): object {
    return { pre_tokenizer: { type: "Split", pattern, behavior: "Removed", invert: true } };
  }
});

describe("a text tower as exports of CLIP have it", () => {
  it("gives what transformers gives, long texts cut at the length that the model takes", async () => {
    const folder = mkdtempSync(join(tmpdir(), "fovea-clip-"));
    cpSync(join(HERE, "clip"), folder, { recursive: true });
    copyFileSync(join(GOLDEN, "clip.ts17.onnx"), join(folder, "onnx", "vision_model.onnx"));
    const options = { preprocess: PLAIN, device: "cpu" } as const;
    const encoder = await encoders.load(join(folder, "onnx", "vision_model.onnx"), options);
    const texts = JSON.parse(readFileSync(join(folder, "texts.json"), "utf8")) as string[];
    const { tensors } = await readSafetensors(join(folder, "golden.safetensors"));
    const { data, dims } = await encoder.embedText(texts, { batchSize: 4 });
    assert.deepEqual(dims, tensors.get("text_embeds")!.shape);
    assert.ok(maxAbsDiff(data, tensors.get("text_embeds")!.data as Float32Array) < 1e-5);
    await encoder.dispose();

    rmSync(join(folder, "tokenizer.json"));
    const bare = await encoders.load(join(folder, "onnx", "vision_model.onnx"), options);
    await assert.rejects(bare.embedText("a fish"), /tokenizer.json must lie beside the text tower/);
    writeFileSync(join(folder, "tokenizer.json"), "[");
    await assert.rejects(bare.embedText("a fish"), /encoders.embedText: the file must hold JSON/);
    await bare.dispose();
    rmSync(folder, { recursive: true });
  });
});
