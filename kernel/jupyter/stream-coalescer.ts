/**
 * Gathers stream text into at most about 60 messages per second, each below 1 MB. It runs in the kernel process, which
 * is never blocked, so the last lines before a long synchronous computation appear while it runs.
 */
import type { StreamName } from "./ipc";
import type { Header } from "./messages";

type Publish = (parent: Header | undefined, name: StreamName, text: string) => void;

interface Pending {
  parent: Header | undefined;
  name: StreamName;
  chunks: string[];
}

export const FLUSH_MS = 16;
/** Size of one message in JSON, with room for its headers. */
const MESSAGE_BYTES = 990_000;
/**
 * Beyond this number of alternations between the streams in one flush, their relative order is given up to save
 * messages.
 */
const MERGE_AFTER = 4;
const utf8 = new TextEncoder();

/** Buffer of the text of both streams. */
export class StreamCoalescer {
  private pending: Pending[] = [];
  private flushed = -Infinity;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly publish: Publish) {}

  write(parent: Header | undefined, name: StreamName, text: string): void {
    if (text === "") return;
    this.target(parent, name).chunks.push(text);
    const wait = FLUSH_MS - (performance.now() - this.flushed);
    if (wait <= 0) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), wait);
  }

  /** Publishes the gathered text; called before any other output to keep the order. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.pending.length === 0) return;
    const pending = this.pending;
    this.pending = [];
    this.flushed = performance.now();
    for (const { parent, name, chunks } of pending) {
      for (const text of pieces(chunks.join(""))) this.publish(parent, name, text);
    }
  }

  private target(parent: Header | undefined, name: StreamName): Pending {
    const same = (each: Pending): boolean => each.name === name && each.parent?.msg_id === parent?.msg_id;
    const last = this.pending.at(-1);
    if (last && same(last)) return last;
    const earlier = this.pending.length >= MERGE_AFTER ? this.pending.find(same) : undefined;
    if (earlier) return earlier;
    const fresh: Pending = { parent, name, chunks: [] };
    this.pending.push(fresh);
    return fresh;
  }
}

function* pieces(text: string): Iterable<string> {
  let start = 0;
  while (start < text.length) {
    let end = Math.min(text.length, start + MESSAGE_BYTES);
    while (jsonBytes(text.slice(start, end)) > MESSAGE_BYTES) end = start + Math.ceil((end - start) / 2);
    // Never split a surrogate pair.
    if (end < text.length && /[\uD800-\uDBFF]/.test(text[end - 1]!)) end--;
    yield text.slice(start, end);
    start = end;
  }
}

function jsonBytes(text: string): number {
  // An escaped character takes at most six bytes: measure only texts that could be too long.
  return text.length * 6 <= MESSAGE_BYTES ? text.length * 6 : utf8.encode(JSON.stringify(text)).length;
}
