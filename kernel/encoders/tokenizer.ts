import { EncoderError } from "./errors";

/** Token ids of a batch of texts, padded on the right: `[B, T]`, row-major. */
export interface TokenBatch {
  ids: BigInt64Array;
  /** 1 for a token, 0 for padding. */
  mask: BigInt64Array;
  dims: [batch: number, length: number];
}

/** The parts of a Hugging Face `tokenizer.json` that are read. */
interface TokenizerJson {
  model?: { type?: string; vocab?: Record<string, number>; unk_token?: string };
  normalizer?: { type?: string } | null;
  pre_tokenizer?: { type?: string } | null;
  truncation?: { max_length?: number } | null;
  padding?: { pad_id?: number } | null;
}

/** Splits words from signs as `tokenizers` does for each kind of pre-tokenizer. */
const SPLITS: Record<string, RegExp> = {
  WhitespaceSplit: /\S+/g,
  Whitespace: /[\p{L}\p{M}\p{N}_]+|[^\p{L}\p{M}\p{N}_\s]+/gu,
};

/** A word-level tokenizer: one id a word, unknown words share one. */
export class Tokenizer {
  private constructor(
    private readonly vocabulary: Map<string, number>,
    private readonly unknown: number,
    private readonly words: RegExp,
    private readonly lowercase: boolean,
    private readonly maxLength: number,
    private readonly padId: number,
  ) {}

  /** Reads a `tokenizer.json`. Throws `EncoderError` for a kind of tokenizer that is not word-level. */
  static fromJson(json: object, fn: string): Tokenizer {
    const { model, normalizer, pre_tokenizer: pre, truncation, padding } = json as TokenizerJson;
    if (model?.type !== "WordLevel" || !model.vocab)
      throw new EncoderError(fn, "tokenizer.json must hold a WordLevel model", model?.type);
    const words = SPLITS[pre?.type ?? "WhitespaceSplit"];
    if (!words)
      throw new EncoderError(fn, "tokenizer.json must split words at Whitespace or WhitespaceSplit", pre?.type);
    const normal = normalizer?.type ?? null;
    if (normal !== null && normal !== "Lowercase")
      throw new EncoderError(fn, "tokenizer.json may normalise by Lowercase only", normal);
    const vocabulary = new Map(Object.entries(model.vocab));
    const unknown = vocabulary.get(model.unk_token ?? "[UNK]");
    if (unknown === undefined)
      throw new EncoderError(fn, "the vocabulary must hold its unknown token", model.unk_token);
    return new Tokenizer(
      vocabulary,
      unknown,
      words,
      normal === "Lowercase",
      truncation?.max_length ?? Infinity,
      padding?.pad_id ?? 0,
    );
  }

  /** Ids of each text, cut at the longest length that the model takes. */
  encode(texts: readonly string[]): TokenBatch {
    const rows = texts.map((text) => this.encodeOne(text));
    const length = Math.max(1, ...rows.map((row) => row.length));
    const ids = new BigInt64Array(rows.length * length).fill(BigInt(this.padId));
    const mask = new BigInt64Array(ids.length);
    rows.forEach((row, i) =>
      row.forEach((id, k) => {
        ids[i * length + k] = BigInt(id);
        mask[i * length + k] = 1n;
      }),
    );
    return { ids, mask, dims: [rows.length, length] };
  }

  private encodeOne(text: string): number[] {
    const words = (this.lowercase ? text.toLowerCase() : text).match(this.words) ?? [];
    return words.slice(0, this.maxLength).map((word) => this.vocabulary.get(word) ?? this.unknown);
  }
}
