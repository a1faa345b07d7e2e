import { type WordModel } from "./bpe";
import { byteIds, readId, readUnknown, refuse, type Step } from "./json";

/** Unigram model of a `tokenizer.json`: pieces with the logarithms of their probabilities. */
interface Unigram {
  pieces: SortedPieces;
  /** Score of a character that no piece covers. */
  unknownScore: number;
  unknown: number | null;
  /** Ids of the 256 bytes; null without byte fallback. */
  bytes: readonly (number | undefined)[] | null;
}

/** Penalty of SentencePiece for an unknown character, below its least probable piece. */
const PENALTY = 10;
/** Longer pieces would make a search as slow as they are long. */
const LONGEST_PIECE = 1024;

/**
 * Returns a Unigram model: the most probable sequence of pieces (Kudo, arXiv 1804.10959, section 3.2), found by Viterbi's
 * algorithm with the ties of `tokenizers`. A stretch of unknown characters becomes one unknown token, or its bytes.
 */
export function readUnigram(fn: string, model: Step): WordModel {
  const unigram = checkUnigram(fn, model);
  return (word) => bestPath(fn, unigram, word).flatMap((piece) => idsOf(fn, unigram, piece));
}

function checkUnigram(fn: string, { vocab, unk_id: unknown, byte_fallback: fallback }: Step): Unigram {
  if (!Array.isArray(vocab)) refuse(fn, "must list pieces and scores of its Unigram model", vocab);
  const scored = new Map<string, Scored>(vocab.map((entry: unknown, id) => readPiece(fn, entry, id)));
  let least = Infinity;
  for (const [, score] of vocab as [string, number][]) least = Math.min(least, score);
  return {
    pieces: new SortedPieces(scored),
    unknownScore: least - PENALTY,
    unknown: readUnknown(fn, unknown, vocab.length),
    bytes: fallback === true ? byteIds((text) => scored.get(text)?.id) : null,
  };
}

/** Id and score of a piece. */
interface Scored {
  id: number;
  score: number;
}

function readPiece(fn: string, entry: unknown, index: number): [string, Scored] {
  const [text, score]: unknown[] = Array.isArray(entry) ? entry : [];
  if (typeof text !== "string" || typeof score !== "number" || !Number.isFinite(score))
    return refuse(fn, "must list each piece with a finite score", entry);
  if (text.length > LONGEST_PIECE) refuse(fn, `may have pieces of ${LONGEST_PIECE} characters`, text.length);
  return [text, { id: readId(fn, index), score }];
}

/** Pieces in the order of their characters, to find all that begin at a place. */
class SortedPieces {
  private readonly texts: string[];
  private readonly scored: Scored[];

  constructor(private readonly byText: ReadonlyMap<string, Scored>) {
    this.texts = [...byText.keys()].filter((text) => text !== "").sort((a, b) => (a < b ? -1 : 1));
    this.scored = this.texts.map((text) => byText.get(text) as Scored);
  }

  get(text: string): Scored | undefined {
    return this.byText.get(text);
  }

  /** Calls `found` with each piece that begins at a place of the text, the shortest first. */
  eachAt(text: string, at: number, found: (length: number, piece: Scored) => void): void {
    let [low, high] = [0, this.texts.length];
    for (let length = 0; at + length < text.length && low < high; length++) {
      const unit = text.charCodeAt(at + length);
      low = this.firstNot(length, low, high, (other) => other < unit);
      high = this.firstNot(length, low, high, (other) => other === unit);
      if (low < high && this.texts[low].length === length + 1) found(length + 1, this.scored[low]);
    }
  }

  /** Returns the first piece of a range whose unit at `index` is not before; a piece that is shorter counts as before. */
  private firstNot(index: number, low: number, high: number, isBefore: (unit: number) => boolean): number {
    let [from, to] = [low, high];
    while (from < to) {
      const middle = (from + to) >> 1;
      const text = this.texts[middle];
      if (isBefore(index < text.length ? text.charCodeAt(index) : -1)) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}

/** Best way to a place in a word. */
interface Node {
  score: number;
  /** Beginning of its last piece; -1 where no piece ends. */
  from: number;
  isUnknown: boolean;
}

/** Returns the pieces of the best path; unknown characters beside each other are one. */
function bestPath(fn: string, { pieces, unknownScore, unknown }: Unigram, word: string): string[] {
  const nodes: Node[] = Array.from({ length: word.length + 1 }, () => ({ score: 0, from: -1, isUnknown: false }));
  for (let at = 0; at < word.length;) {
    const { score } = nodes[at];
    const width = (word.codePointAt(at) as number) > 0xffff ? 2 : 1;
    let isCovered = false;
    pieces.eachAt(word, at, (length, piece) => {
      offer(nodes[at + length], score + piece.score, at, piece.id === unknown);
      isCovered ||= length === width;
    });
    if (!isCovered && unknown === null)
      refuse(fn, "must number an unknown token, as no piece covers a character", word);
    if (!isCovered) offer(nodes[at + width], score + unknownScore, at, true);
    at += width;
  }
  return piecesOf(nodes, word);
}

function offer(node: Node, score: number, from: number, isUnknown: boolean): void {
  if (node.from >= 0 && !(score > node.score)) return;
  node.score = score;
  node.from = from;
  node.isUnknown = isUnknown;
}

function piecesOf(nodes: readonly Node[], word: string): string[] {
  const pieces: string[] = [];
  let end = word.length;
  while (end > 0) {
    let { from } = nodes[end];
    while (nodes[end].isUnknown && from > 0 && nodes[from].isUnknown) from = nodes[from].from;
    pieces.push(word.slice(from, end));
    end = from;
  }
  return pieces.reverse();
}

function idsOf(fn: string, { pieces, unknown, bytes }: Unigram, piece: string): number[] {
  const known = pieces.get(piece);
  if (known) return [known.id];
  const spelled = bytes && Array.from(new TextEncoder().encode(piece), (byte) => bytes[byte]);
  if (spelled?.every((id) => id !== undefined)) return spelled as number[];
  return [unknown ?? refuse(fn, "must number an unknown token, as no piece covers a character", piece)];
}
