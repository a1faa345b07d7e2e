import { AddedTokens } from "./added";
import { readBpe, type WordModel } from "./bpe";
import { readId, readVocabulary, refuse, type Step, stepsOf, type TokenizerJson } from "./json";
import { keepsStart, readNormalizer } from "./normalize";
import { readSplitter } from "./split";
import { readUnigram } from "./unigram";
import { readWordPiece } from "./word-piece";

/** Token ids of a batch of texts, padded on the right: `[B, T]`, row-major. */
export interface TokenBatch {
  ids: BigInt64Array;
  /** 1 for a token, 0 for padding. */
  mask: BigInt64Array;
  dims: [batch: number, length: number];
}

/** Steps from a text to ids. */
interface Steps {
  added: AddedTokens;
  split: (text: string, isFirst: boolean) => string[];
  model: WordModel;
  frame: Frame;
  /** Most ids of a text, including its frame. */
  maxLength: number;
  padId: number;
  /** Smallest length of a row. */
  padTo: number;
}

/**
 * Tokenizer of words (one id per word), byte pairs, SentencePiece's Unigram model or WordPiece, as in Hugging Face's
 * `tokenizers`.
 */
export class Tokenizer {
  private constructor(
    private readonly steps: Steps,
    /** Id of what no token covers; undefined where every text has tokens. */
    readonly unknownId: number | undefined,
  ) {}

  /**
   * Reads a `tokenizer.json`. Texts are truncated at `maxLength` ids where the file does not truncate.
   *
   * @throws EncoderError for an unsupported kind of tokenizer or step
   */
  static fromJson(json: object, fn: string, maxLength = Infinity): Tokenizer {
    const { model, normalizer, pre_tokenizer: pre, post_processor: post, added_tokens: added } = json as TokenizerJson;
    const { truncation, padding } = json as TokenizerJson;
    for (const { direction } of [truncation ?? {}, padding ?? {}])
      if (direction !== undefined && direction !== "Right")
        refuse(fn, "must cut and pad texts on the right", direction);
    const steps: Steps = {
      added: new AddedTokens(fn, Array.isArray(added) ? added : [], readNormalizer(fn, normalizer)),
      split: readSplitter(fn, pre, keepsStart(fn, normalizer)),
      model: readModel(fn, model ?? {}),
      frame: readFrame(fn, post),
      maxLength: truncation ? readId(fn, truncation.max_length) : maxLength,
      padId: readId(fn, padding?.pad_id ?? 0),
      padTo: readPadding(fn, padding?.strategy),
    };
    return new Tokenizer(steps, unknownIdOf(model ?? {}));
  }

  /** Returns the ids of each text, truncated at the model's longest length. */
  encode(texts: readonly string[]): TokenBatch {
    const { padId, padTo } = this.steps;
    const rows = texts.map((text) => this.encodeOne(text));
    const length = rows.reduce((most, row) => Math.max(most, row.length), Math.max(1, padTo));
    const ids = new BigInt64Array(rows.length * length).fill(BigInt(padId));
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
    const { added, split, model, frame, maxLength } = this.steps;
    // A surrogate without its partner is no character; encoders of UTF-8 write this one.
    const pieces = added.cut(text.replace(/\p{Surrogate}/gu, "\ufffd"));
    const ids = pieces.flatMap((piece, i) =>
      typeof piece === "number" ? piece : split(piece, i === 0).flatMap((word) => model(word)),
    );
    const room = Math.max(0, maxLength - frame.before.length - frame.after.length);
    return [...frame.before, ...ids.slice(0, room), ...frame.after];
  }
}

/** Longest plausible row of a tower. */
const LONGEST_ROW = 2 ** 16;

/** Reads the smallest length of a row: the longest in its batch, or a fixed one. */
function readPadding(fn: string, strategy: unknown): number {
  const { Fixed: fixed = 1 } = (strategy ?? {}) as { Fixed?: unknown };
  const length = readId(fn, fixed);
  if (length > LONGEST_ROW) refuse(fn, `may pad texts to ${LONGEST_ROW} ids at most`, length);
  return length;
}

function readModel(fn: string, model: Step): WordModel {
  if (model.type === "BPE") return readBpe(fn, model);
  if (model.type === "WordLevel") return readWordLevel(fn, model);
  if (model.type === "Unigram") return readUnigram(fn, model);
  if (model.type === "WordPiece") return readWordPiece(fn, model);
  return refuse(fn, "must hold a WordLevel, BPE, Unigram or WordPiece model", model.type);
}

/** The unknown token of a WordLevel model that names none. */
const UNKNOWN = "[UNK]";

/** Returns the unknown token's id of a model that was read. */
function unknownIdOf({ type, unk_id: id, unk_token: token, vocab }: Step): number | undefined {
  if (typeof id === "number") return id;
  const name = String(token ?? (type === "WordLevel" ? UNKNOWN : ""));
  const found = Object.hasOwn(Object(vocab) as object, name) ? (vocab as Record<string, unknown>)[name] : undefined;
  return typeof found === "number" ? found : undefined;
}

/** Reads a model with one id per word; unknown words share one. */
function readWordLevel(fn: string, { vocab, unk_token: unknownToken }: Step): WordModel {
  const vocabulary = readVocabulary(fn, vocab);
  const unknown = vocabulary.get((unknownToken ?? UNKNOWN) as string);
  if (unknown === undefined) refuse(fn, "must hold its unknown token in the vocabulary", unknownToken);
  return (word) => [vocabulary.get(word) ?? unknown];
}

/** Ids around those of a text. */
export interface Frame {
  before: readonly number[];
  after: readonly number[];
}

/** Reads the ids that a post-processor puts around one text. */
export function readFrame(fn: string, step: Step | null | undefined): Frame {
  let frame: Frame = { before: [], after: [] };
  for (const one of stepsOf(fn, step, "processors")) {
    const { before, after } = readStep(fn, one);
    frame = { before: [...before, ...frame.before], after: [...frame.after, ...after] };
  }
  return frame;
}

function readStep(fn: string, step: Step): Frame {
  if (step.type === "ByteLevel") return { before: [], after: [] };
  if (step.type === "RobertaProcessing" || step.type === "BertProcessing")
    return { before: [pairId(fn, step.cls)], after: [pairId(fn, step.sep)] };
  if (step.type === "TemplateProcessing") return readTemplate(fn, step);
  return refuse(fn, "must frame texts by RobertaProcessing, BertProcessing or TemplateProcessing", step.type);
}

/** Returns the id of `["<s>", 0]`. */
function pairId(fn: string, pair: unknown): number {
  return readId(fn, Array.isArray(pair) ? pair[1] : pair);
}

type Part = { Sequence?: unknown; SpecialToken?: { id?: unknown } | null } | null;

function readTemplate(fn: string, { single, special_tokens: tokens }: Step): Frame {
  const parts = Array.isArray(single) ? (single as Part[]) : [];
  const at = parts.findIndex((part) => part?.Sequence !== undefined);
  if (at < 0) refuse(fn, "must have a template with a place for the text", single);
  const known = (tokens ?? {}) as Record<string, { ids?: unknown } | undefined>;
  const idsOf = (some: Part[]): number[] =>
    some.flatMap((part) => {
      const name = part?.SpecialToken?.id;
      const ids = typeof name === "string" && Object.hasOwn(known, name) ? known[name]?.ids : undefined;
      if (!Array.isArray(ids)) return refuse(fn, "must say which ids a token of its template has", name);
      return ids.map((id: unknown) => readId(fn, id));
    });
  return { before: idsOf(parts.slice(0, at)), after: idsOf(parts.slice(at + 1)) };
}
