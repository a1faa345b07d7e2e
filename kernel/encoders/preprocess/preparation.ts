/** Threads that decode and prepare pictures, so that neither model nor notebook waits for them. */
import { platform } from "../../platform";
import type { Thread } from "../../platform/types";
import { ImageError } from "../../data/image";
import { geometryOf, PreparedImage, type Preprocess } from "./preprocess";

/** Request to a thread. */
export interface Job {
  id: number;
  /** Path, `file:` URL or encoded bytes. */
  image: string | Uint8Array;
  plan: Preprocess;
  fn: string;
}

/** Answer of a thread: `refused` for an unusable picture, `error` for anything else. */
export type Done =
  | { id: number; pixelValues: Float32Array; width: number; height: number }
  | { id: number; refused: { where: string; rule: string; received: unknown } }
  | { id: number; error: Error };

interface Waiting {
  plan: Preprocess;
  resolve(image: PreparedImage): void;
  reject(error: unknown): void;
}

/** Threads of the pool; each gets two pictures at a time, so that one is decoded while the other is resized. */
const THREADS = Math.min(4, platform().cores());
/** Most pictures in preparation, and so in memory, at a time. */
const IN_PREPARATION = 2 * THREADS;

/** Thread with its unanswered requests. It keeps the process alive only while requests are open. */
class PreparationThread {
  private readonly waiting = new Map<number, Waiting>();
  private worker: Thread | undefined;
  private lastId = 0;

  get load(): number {
    return this.waiting.size;
  }

  prepare(job: Omit<Job, "id">): Promise<PreparedImage> {
    const worker = (this.worker ??= this.start());
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { plan: job.plan, resolve, reject });
      worker.ref();
      worker.postMessage({ ...job, id } satisfies Job);
    });
  }

  private start(): Thread {
    const worker = platform().thread("encoders/preprocess/preparation-thread");
    worker.unref();
    worker.on("message", (done: Done) => this.settle(worker, done));
    worker.on("error", (error: unknown) => this.fail(error));
    worker.on("exit", (code) => this.fail(new Error(`the thread that prepares pictures ended with ${code}`)));
    return worker;
  }

  private settle(worker: Thread, done: Done): void {
    const waiting = this.waiting.get(done.id);
    this.waiting.delete(done.id);
    if (this.waiting.size === 0) worker.unref();
    if (!waiting) return;
    if ("error" in done) waiting.reject(done.error);
    else if ("refused" in done) waiting.reject(refusal(done.refused));
    else waiting.resolve(new PreparedImage(done.pixelValues, geometryOf(done, waiting.plan)));
  }

  private fail(error: unknown): void {
    this.worker = undefined;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}

function refusal({ where, rule, received }: { where: string; rule: string; received: unknown }): ImageError {
  return new ImageError(where, rule, received);
}

const threads = Array.from({ length: THREADS }, () => new PreparationThread());

/**
 * Prepares one picture in a thread.
 *
 * @throws ImageError for a picture that cannot be used
 */
export function prepareInThread(
  image: string | URL | Uint8Array,
  plan: Preprocess,
  fn: string,
): Promise<PreparedImage> {
  const thread = threads.reduce((least, each) => (each.load < least.load ? each : least));
  return thread.prepare({ image: image instanceof URL ? image.href : image, plan, fn });
}

/** Yields results in order, with at most `IN_PREPARATION` in progress; none starts after a failure. */
export async function eachInPreparation<T, R>(items: readonly T[], prepare: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const runner = async (): Promise<void> => {
    try {
      for (let i = next++; i < items.length; i = next++) results[i] = await prepare(items[i]);
    } catch (error) {
      next = items.length;
      throw error;
    }
  };
  await Promise.all(Array.from({ length: IN_PREPARATION }, runner));
  return results;
}
