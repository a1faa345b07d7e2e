import {
  type AttendRequest,
  checkAnswer,
  type GroundingAnswer,
  type GroundingPayload,
  type GroundingReply,
  type GroundRequest,
  REPLY,
  replyAttention,
  savedAttention,
  type WordAttention,
} from "fovea/protocol";
import type { Received } from "../comms/channel";
import type { GroundingState } from "./state";

/** An answer with its attention, where that is known. */
export interface ShownAnswer {
  answer: GroundingAnswer;
  attention?: WordAttention;
  isSaved: boolean;
  /** Time from the question to its answer in the browser. */
  roundTrip?: number;
}

/** Reason why the kernel gave no boxes of a phrase. */
interface Failure {
  /** Words that the model does not know. */
  words: readonly string[];
  /** Message of the kernel; empty where words are unknown. */
  problem: string;
}

/** Answers that are kept beside those of the notebook. */
const MOST_KEPT = 200;

const keyOf = (picture: number, phrase: string): string => `${picture} ${phrase.trim()}`;

/** Answers by phrase, of the notebook and of the kernel. */
export class GroundingStore {
  private readonly known = new Map<string, ShownAnswer>();
  /** Open questions by number. */
  private readonly asked = new Map<number, { key: string; start: number }>();
  private attending: string | undefined;
  /** Phrases that the kernel could not answer. */
  private readonly failed = new Map<string, Failure>();
  private serial = 0;
  /** The answer on screen, which stays until the next one arrives. */
  private last: ShownAnswer;

  constructor(private readonly payload: GroundingPayload) {
    for (const answer of payload.saved)
      this.known.set(keyOf(answer.picture, answer.phrase), {
        answer,
        attention: savedAttention(payload, answer),
        isSaved: true,
      });
    const { picture, phrase } = payload.saved[payload.current];
    this.last = this.known.get(keyOf(picture, phrase)) as ShownAnswer;
  }

  /** Returns the answer for a state; where its phrase has none, that of the last phrase that had one on the same picture. */
  shown({ picture, phrase }: GroundingState): ShownAnswer | undefined {
    const found = this.known.get(keyOf(picture, phrase));
    if (found) this.last = found;
    return found ?? (this.last.answer.picture === picture ? this.last : undefined);
  }

  /** Returns the words of a phrase that the model was asked for and does not know. */
  unknown({ picture, phrase }: GroundingState): readonly string[] {
    return this.failed.get(keyOf(picture, phrase))?.words ?? [];
  }

  /** Returns what the kernel said of a phrase that it could not answer; empty for others. */
  problem({ picture, phrase }: GroundingState): string {
    return this.failed.get(keyOf(picture, phrase))?.problem ?? "";
  }

  /** Tells whether the kernel was asked for a phrase and could not answer. */
  hasFailed({ picture, phrase }: GroundingState): boolean {
    return this.failed.has(keyOf(picture, phrase));
  }

  has({ picture, phrase }: GroundingState): boolean {
    return this.known.has(keyOf(picture, phrase));
  }

  /** Answers to the listed phrases: the kernel's where there is one, else the saved one. */
  get listed(): GroundingAnswer[] {
    return this.payload.saved.map(
      (one) => this.known.get(keyOf(one.picture, one.phrase))?.answer ?? (one as GroundingAnswer),
    );
  }

  /** Returns the next question to the kernel; undefined where nothing is to be asked. */
  question({ picture, phrase }: GroundingState): GroundRequest | AttendRequest | undefined {
    const key = keyOf(picture, phrase);
    if (!phrase.trim() || this.failed.has(key)) return undefined;
    const known = this.known.get(key);
    if (!known || known.isSaved) {
      if (this.asked.get(this.serial)?.key === key) return undefined;
      this.asked.set(++this.serial, { key, start: performance.now() });
      return { type: "ground", serial: this.serial, picture, phrase };
    }
    if (known.attention || this.attending === key) return undefined;
    this.attending = key;
    return { type: "attend", serial: this.serial, picture, phrase };
  }

  /**
   * Stores an answer. The boxes of an older phrase stay on screen until those of a later one arrive.
   *
   * @throws ProtocolError for an answer that does not fit the view
   */
  accept(reply: GroundingReply, buffers: Received["buffers"]): void {
    if (reply.type === "attend") return this.attend(reply, buffers);
    const question = this.asked.get(reply.serial);
    if (!question) return;
    const { key, start } = question;
    this.asked.delete(reply.serial);
    if (reply.type === "unknown") {
      this.failed.set(key, { words: reply.words, problem: "" });
      return;
    }
    checkAnswer(this.payload, reply.answer, "answer.boxes", REPLY);
    // The kernel answers only the last of questions that waited together.
    for (const serial of this.asked.keys()) if (serial < reply.serial) this.asked.delete(serial);
    this.last = { answer: reply.answer, isSaved: false, roundTrip: performance.now() - start };
    this.keep(key, this.last);
  }

  /** Forgets open questions; the one that could not be answered is not asked again. */
  fail(problem: string): void {
    for (const { key } of this.asked.values()) this.failed.set(key, { words: [], problem });
    this.forget();
  }

  /** Forgets failures: another kernel may answer where this one could not. */
  reconnect(): void {
    this.failed.clear();
    this.forget();
  }

  private forget(): void {
    this.asked.clear();
    this.attending = undefined;
  }

  private attend(reply: Extract<GroundingReply, { type: "attend" }>, buffers: Received["buffers"]): void {
    const key = keyOf(reply.picture, reply.phrase);
    if (this.attending === key) this.attending = undefined;
    const known = this.known.get(key);
    const attention = replyAttention(this.payload, reply, buffers);
    if (known && known.answer.words.length === reply.words.length) known.attention = attention;
  }

  private keep(key: string, answer: ShownAnswer): void {
    this.known.set(key, answer);
    for (const [old, { isSaved }] of this.known)
      if (this.known.size > MOST_KEPT && !isSaved && old !== key) this.known.delete(old);
  }
}
