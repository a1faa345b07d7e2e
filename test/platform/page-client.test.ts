/** The client of a page's kernel, before a worker that the test plays. What a real worker does is tested in `test/browser/page`. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import type { Kernel } from "../../kernel/browser/client";
import { KernelError, type KernelState, start } from "../../kernel/browser/client";
import type { FromWorker, ToWorker } from "../../kernel/browser/messages";

class FakeWorker {
  static readonly all: FakeWorker[] = [];
  readonly received: ToWorker[] = [];
  isEnded = false;
  onmessage: ((event: { data: FromWorker }) => void) | undefined;
  onerror: ((event: { message: string; preventDefault(): void }) => void) | undefined;

  constructor() {
    FakeWorker.all.push(this);
  }

  postMessage(message: ToWorker): void {
    this.received.push(message);
  }

  terminate(): void {
    this.isEnded = true;
  }

  say(data: FromWorker): void {
    this.onmessage?.({ data });
  }

  /** Answers everything that asks about files. */
  answerFiles(): void {
    for (const message of this.received)
      if (message.type === "files") this.say({ type: "files", id: message.id, ok: true, answer: [] });
  }

  kinds(): string[] {
    return this.received.map(({ type }) => type);
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const latest = (): FakeWorker => FakeWorker.all.at(-1)!;

describe("the client of a page's kernel", () => {
  const globals = globalThis as { Worker?: unknown };
  const own = globals.Worker;
  let states: KernelState[] = [];
  before(() => void (globals.Worker = FakeWorker));
  after(() => void (globals.Worker = own));
  beforeEach(() => {
    FakeWorker.all.length = 0;
    states = [];
  });

  async function started(): Promise<Kernel> {
    const starting = start({ base: "https://host.example/fovea", onState: (state) => void states.push(state) });
    latest().say({ type: "ready" });
    return starting;
  }

  it("refuses a start that another one or the end takes the place of", async () => {
    const kernel = await started();
    const first = kernel.restart();
    const second = kernel.restart();
    await assert.rejects(first, KernelError);
    latest().say({ type: "ready" });
    await second;
    assert.deepEqual(
      FakeWorker.all.map(({ isEnded }) => isEnded),
      [true, true, false],
    );
    const third = kernel.restart();
    kernel.close();
    await assert.rejects(third, /the kernel was closed/);
    assert.equal(states.at(-1), "dead");
  });

  it("hears nothing of a worker that was ended", async () => {
    const kernel = await started();
    const [old] = FakeWorker.all;
    const restarting = kernel.restart();
    old.say({ type: "ready" });
    old.onerror?.({ message: "too late", preventDefault: () => undefined });
    assert.equal(latest().isEnded, false);
    latest().say({ type: "ready" });
    await restarting;
    assert.equal(states.at(-1), "idle");
  });

  it("puts imported files back before the cells that are run during a restart", async () => {
    const kernel = await started();
    const importing = kernel.importFiles([{ path: "a.txt", bytes: new Uint8Array(1) }]);
    latest().answerFiles();
    await importing;
    const restarting = kernel.restart();
    const cell = kernel.execute("1");
    await settled();
    assert.deepEqual(latest().kinds(), ["files", "execute"]);
    latest().say({ type: "ready" });
    latest().answerFiles();
    await restarting;
    assert.equal(states.at(-1), "busy");
    kernel.close();
    assert.equal((await cell).status, "error");
  });

  it("refuses a cell after its end, and runs the next one after a new start", async () => {
    const kernel = await started();
    kernel.close();
    await assert.rejects(kernel.execute("1"), /The kernel has ended: start it again\./);
    assert.equal(states.at(-1), "dead");
    assert.equal(await kernel.interrupt(), "stopped");
    const restarting = kernel.restart();
    latest().say({ type: "ready" });
    await restarting;
    const cell = kernel.execute("2");
    await settled();
    const [message] = latest().received;
    assert.ok(message.type === "execute");
    assert.equal(message.executionCount, 1);
    latest().say({
      type: "done",
      parent: message.parent,
      outcome: { status: "ok", payload: [], userExpressions: {} },
    });
    assert.deepEqual([(await cell).status, states.at(-1)], ["ok", "idle"]);
  });
});
