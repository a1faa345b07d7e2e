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
  const WORD_PIECE = {
    type: "WordPiece",
    vocab: { "[UNK]": 0 },
    unk_token: "[UNK]",
    continuing_subword_prefix: "##",
    max_input_chars_per_word: 100,
  };
  const TEXT = { Sequence: { id: "A" } };
  const TEMPLATES: [what: string, single: unknown[], known: unknown][] = [
    ["a hole", [null, TEXT], {}],
    ["a hole behind", [TEXT, null], {}],
    ["a token that is null", [TEXT, { SpecialToken: null }], {}],
    ["a token named by a deep list", [TEXT, { SpecialToken: { id: deep() } }], {}],
    ["a token of inherited name", [TEXT, { SpecialToken: { id: "constructor" } }], {}],
    ["a token of which nothing is known", [TEXT, { SpecialToken: { id: "a" } }], { a: null }],
  ];
  const REFUSED: [what: string, changes: object, rule: RegExp][] = [
    ["no model", { model: null }, /must hold a WordLevel, BPE, Unigram or WordPiece model/],
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
    [
      "a step that is unknown",
      { pre_tokenizer: { type: "Punctuation" } },
      /or BertPreTokenizer, received "Punctuation"/,
    ],
    [
      "a normaliser",
      { normalizer: { type: "ByteLevel" } },
      /NFKD, Lowercase, Replace, .*Nmt only, received "ByteLevel"/,
    ],
    [
      "a replaced pattern",
      { normalizer: { type: "Replace", pattern: { Regex: "(a|a)*b" }, content: "" } },
      /a pattern of one class as .* only/,
    ],
    ["Unigram without a list", { model: { type: "Unigram", vocab: {} } }, /list pieces and scores/],
    ["a piece without a score", { model: { type: "Unigram", vocab: [["a", null]] } }, /each piece with a finite score/],
    ["a piece that is null", { model: { type: "Unigram", vocab: [null] } }, /with a finite score, received null/],
    [
      "a piece of a page",
      { model: { type: "Unigram", vocab: [["a".repeat(1025), 0]] } },
      /pieces of 1024 characters, received 1025/,
    ],
    [
      "an unknown id behind the pieces",
      { model: { type: "Unigram", vocab: [["a", 0]], unk_id: 1 } },
      /unknown token below the 1 tokens, received 1/,
    ],
    ["WordPiece without its unknown token", { model: { ...WORD_PIECE, unk_token: "?" } }, /in the vocabulary/],
    [
      "WordPiece of endless words",
      { model: { ...WORD_PIECE, max_input_chars_per_word: 1e9 } },
      /words of 1024 characters at most, received 1000000000/,
    ],
    ["WordPiece that does not go on", { model: { ...WORD_PIECE, continuing_subword_prefix: 1 } }, /continues a word/],
    ["a Metaspace of two signs", { pre_tokenizer: { type: "Metaspace", replacement: "__" } }, /as one character/],
    [
      "a Metaspace that denies itself",
      { pre_tokenizer: { type: "Metaspace", replacement: "_", add_prefix_space: false } },
      /prepend_scheme never where add_prefix_space is false/,
    ],
    [
      "a first Metaspace behind a step that may take the start away",
      {
        normalizer: { type: "Strip", strip_left: true, strip_right: true },
        pre_tokenizer: { type: "Metaspace", replacement: "_", prepend_scheme: "first" },
      },
      /may not shorten texts before a Metaspace/,
    ],
    ["a step whose type is a deep list", { normalizer: { type: deep() } }, /must name the types of its steps/],
    ["a piece that is a deep list", { model: { type: "Unigram", vocab: [deep()] } }, /each piece with a finite score/],
    ["merges of deep lists", { model: { ...model, merges: [[deep(), "a"]] } }, /merges of two parts/],
    ["a normaliser without its flags", { normalizer: { type: "BertNormalizer" } }, /true or false for lowercase/],
    ["a table that is none", { normalizer: { type: "Precompiled", precompiled_charsmap: "AAAA" } }, /in base64/],
    ["a table of no text", { normalizer: { type: "Precompiled", precompiled_charsmap: {} } }, /in base64/],
    [
      "a table cut short",
      { normalizer: { type: "Precompiled", precompiled_charsmap: Buffer.from([8, 0, 0, 0, 1]).toString("base64") } },
      /in base64/,
    ],
    [
      "a hundred steps",
      { normalizer: { type: "Sequence", normalizers: Array(100).fill({ type: "NFC" }) } },
      /may have 64 normalizers, received 100/,
    ],
    ["a frame", { post_processor: { type: "Other" } }, /must frame texts by RobertaProcessing/],
    ["a template without text", { post_processor: { type: "TemplateProcessing", single: [] } }, /a place for the text/],
    ...TEMPLATES.map(([what, single, known]): [string, object, RegExp] => [
      `a template with ${what}`,
      { post_processor: { type: "TemplateProcessing", single, special_tokens: known } },
      /which ids a token of its template has/,
    ]),
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
    [
      "a token of which its steps leave nothing",
      {
        normalizer: { type: "Strip", strip_left: true, strip_right: true },
        added_tokens: [{ id: 1, content: " ", normalized: true }],
      },
      /of which its steps leave nothing, received " "/,
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

  it("refuses a text that it has no token for", () => {
    const bare = Tokenizer.fromJson({ model: { type: "Unigram", vocab: [["a", -1]] } }, "test");
    assert.deepEqual(Array.from(bare.encode(["aa"]).ids), [0n, 0n]);
    assert.throws(() => bare.encode(["ab"]), /must number an unknown token, as no piece covers a character/);
  });

  it("refuses a table that replaces a character by a page", () => {
    // A trie of one key, the letter a, whose value is the place 0 of the texts.
    const units = new Uint32Array(256);
    units[0] = 1 << 10;
    units[0x60] = 0x61 | 0x100 | (2 << 10);
    units[0x62] = 0x80000000;
    const bytes = Buffer.concat([Buffer.from([0, 4, 0, 0]), Buffer.from(units.buffer), Buffer.from("b".repeat(999))]);
    const normalizer = { type: "Precompiled", precompiled_charsmap: bytes.toString("base64") };
    const long = Tokenizer.fromJson({ ...tokenizer, normalizer }, "test");
    assert.throws(() => long.encode(["a"]), /may replace by 32 characters at most, received 999/);
  });

  it("takes long words and long repetitions in a time that grows with their length", () => {
    const text = "a".repeat(200_000);
    const pieces = Array.from({ length: 1000 }, (_, i) => ["a".repeat(i + 1), -1 - i]);
    const words = [
      { model: { type: "BPE", vocab: { a: 0 }, merges: [] } },
      { model: { type: "BPE", vocab: { a: 0, aa: 1, aaaa: 2 }, merges: ["a a", "aa aa"] } },
      { model: { type: "Unigram", vocab: pieces.slice(0, 50), unk_id: 0 } },
      { model: WORD_PIECE },
    ];
    const lengths = words.map((json) => Tokenizer.fromJson(json, "test").encode([text]).dims[1]);
    assert.deepEqual(lengths, [200_000, 50_000, 4000, 1]);
  });

  it("joins equal pairs from the left, and takes words up to the longest", () => {
    const pairs = Tokenizer.fromJson({ model: { type: "BPE", vocab: { a: 0, aa: 1 }, merges: ["a a"] } }, "test");
    assert.deepEqual(Array.from(pairs.encode(["aaa"]).ids, Number), [1, 0]);
    assert.deepEqual(Array.from(pairs.encode(["aaaaa"]).ids, Number), [1, 1, 0]);
    const vocab = { "[UNK]": 0, a: 1, "##a": 2 };
    const words = Tokenizer.fromJson({ model: { ...WORD_PIECE, vocab, max_input_chars_per_word: 3 } }, "test");
    const ids = (text: string): number[] => Array.from(words.encode([text]).ids, Number);
    assert.deepEqual([ids("aaa"), ids("aaaa")], [[1, 2, 2], [0]]);
  });

  it("finds an added token of any signs", () => {
    const signs = Array.from({ length: 94 }, (_, i) => `<${String.fromCharCode(33 + i)}-1>`);
    const added = signs.map((content, i) => ({ id: i + 1, content }));
    const model = { type: "WordLevel", vocab: { "[UNK]": 0 } };
    const ours = Tokenizer.fromJson({ model, added_tokens: added }, "test");
    assert.deepEqual(
      Array.from(ours.encode([signs.join("")]).ids, Number),
      added.map(({ id }) => id),
    );
  });

  it("takes spaces beside an added token with it, however many", () => {
    const model = { type: "WordLevel", vocab: { "[UNK]": 0, a: 1 } };
    const mask = { id: 2, content: "<m>", lstrip: true, rstrip: true };
    const ours = Tokenizer.fromJson(
      { model, pre_tokenizer: { type: "WhitespaceSplit" }, added_tokens: [mask] },
      "test",
    );
    const spaces = " ".repeat(200_000);
    assert.deepEqual(Array.from(ours.encode([`a${spaces}<m>${spaces}a`]).ids, Number), [1, 2, 1]);
    assert.deepEqual(ours.encode([`a${spaces}b`]).dims, [1, 2]);
  });

  it("reads a character cut in two as the sign for such", () => {
    const signs = Tokenizer.fromJson({ model: { type: "WordLevel", vocab: { "[UNK]": 0, "\ufffd": 1 } } }, "test");
    assert.deepEqual(Array.from(signs.encode(["\ud83d"]).ids), [1n]);
  });

  function deep(): unknown {
    let list: unknown = [];
    for (let i = 0; i < 20_000; i++) list = [list];
    return list;
  }

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
    await assert.rejects(bare.embedText("a fish"), /encoders.Encoder.embedText: the file must hold JSON/);
    await bare.dispose();
    rmSync(folder, { recursive: true });
  });
});
