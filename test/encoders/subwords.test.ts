import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import { Tokenizer } from "../../kernel/encoders/tokenizer/index.ts";
import { type OddTexts, oddTexts } from "./odd-texts.ts";

/** Made by golden/make_subwords.py with tokenizers 0.23.3 and sentencepiece 0.2.3. */
const FOLDER = join(import.meta.dirname, "golden", "subwords");

interface Golden extends OddTexts {
  tokenizer: Record<string, unknown>;
  chunk: number;
  /** Checksums of the ids of each chunk of texts. */
  sums: string[];
  /** Ids of the first chunk. */
  first: string[];
}

const read = (name: string): Golden =>
  JSON.parse(gunzipSync(readFileSync(join(FOLDER, `${name}.json.gz`))).toString()) as Golden;
const names = readdirSync(FOLDER).map((file) => file.slice(0, -".json.gz".length));

describe("SentencePiece and WordPiece equal Hugging Face's", () => {
  it("in every kind that is read", () => {
    const kinds = ["albert", "bert-accents", "bert-cased", "bert-uncased", "bytes-with-holes"];
    assert.deepEqual(names.sort(), [...kinds, "llama", "llama-first", "siglip", "t5", "xlmr-bytes"]);
  });

  for (const name of names)
    it(`${name}: thousands of odd texts`, () => {
      const golden = read(name);
      const ours = Tokenizer.fromJson(golden.tokenizer, "test");
      const texts = oddTexts(golden);
      const rows = texts.map((text) => idsOf(ours, text));
      for (const [i, expected] of golden.first.entries()) assert.equal(rows[i], expected, JSON.stringify(texts[i]));
      const sums = golden.sums.map((_, i) => sumOf(rows.slice(i * golden.chunk, (i + 1) * golden.chunk)));
      assert.deepEqual(sums, golden.sums);
    });
});

/** Ids without padding; a text without any gives one of padding. */
function idsOf(tokenizer: Tokenizer, text: string): string {
  const { ids, mask } = tokenizer.encode([text]);
  return Array.from(ids)
    .filter((_, i) => mask[i] === 1n)
    .join();
}

const sumOf = (rows: string[]): string => createHash("sha256").update(rows.join("\n")).digest("hex").slice(0, 12);
