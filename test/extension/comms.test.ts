import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ISessionContext } from "@jupyterlab/apputils";
import { Signal } from "@lumino/signaling";
import type { Received } from "../../extension/src/comms/channel";
import { ViewConnection } from "../../extension/src/comms/connection";
import { SessionChannels } from "../../extension/src/comms/session-channels";

interface FakeComm {
  target: string;
  opened: unknown;
  sent: unknown[];
  closed: boolean;
  isDisposed: boolean;
  onMsg: (message: { content: { data: unknown }; buffers?: unknown[] }) => void;
  onClose: () => void;
}

/** A session whose kernel notes the comms opened to it. */
function fakeSession(language = "typescript") {
  const comms: FakeComm[] = [];
  const createComm = (target: string) => {
    const comm = {
      target,
      opened: undefined as unknown,
      sent: [] as unknown[],
      closed: false,
      isDisposed: false,
      onMsg: () => {},
      onClose: () => {},
    };
    comms.push(comm);
    return Object.assign(comm, {
      open: (data: unknown) => (comm.opened = data),
      send: (data: unknown) => comm.sent.push(data),
      close: () => (comm.closed = true),
      dispose: () => (comm.isDisposed = true),
    });
  };
  const kernel = { handleComms: true, info: Promise.resolve({ language_info: { name: language } }), createComm };
  const context = { session: { kernel } as { kernel: typeof kernel } | null };
  const signals = {
    kernelChanged: new Signal<object, unknown>(context),
    statusChanged: new Signal<object, string>(context),
  };
  return { comms, signals, context: Object.assign(context, signals) as unknown as ISessionContext };
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

describe("ViewConnection", () => {
  it("opens a comm with version and view, and is live when the kernel says ready", async () => {
    const { comms, context } = fakeSession();
    const connection = new ViewConnection(new SessionChannels(context), "id");
    await settled();
    assert.deepEqual(
      [comms[0].target, comms[0].opened, connection.state],
      ["fovea.view", { version: 1, view: "id" }, "connecting"],
    );
    connection.send({ type: "hello" });
    assert.deepEqual(comms[0].sent, [], "nothing is asked before the kernel is ready");
    comms[0].onMsg({ content: { data: { type: "ready" } } });
    connection.send({ type: "hello" });
    assert.deepEqual([connection.state, comms[0].sent], ["live", [{ type: "hello" }]]);
  });

  it("hands on any reply with its buffers, and reports a broken message without closing", async () => {
    const { comms, context } = fakeSession();
    const connection = new ViewConnection(new SessionChannels(context), "id");
    const replies: Received[] = [];
    const problems: string[] = [];
    connection.received.connect((_, reply) => void replies.push(reply));
    connection.failed.connect((_, problem) => void problems.push(problem));
    await settled();
    const buffers = [new DataView(new ArrayBuffer(4))];
    comms[0].onMsg({ content: { data: "junk" } });
    comms[0].onMsg({ content: { data: { type: 3 } } });
    comms[0].onMsg({ content: { data: { type: "error", code: "failed", message: "out of memory" } } });
    comms[0].onMsg({ content: { data: { type: "hello", to: "you" } }, buffers });
    assert.deepEqual(problems, [
      'fovea.view reply: value must be an object, received "junk"',
      "fovea.view reply: type must be a string of at most 40 characters, received 3",
      "out of memory",
    ]);
    assert.deepEqual(replies, [{ message: { type: "hello", to: "you" }, buffers }]);
  });

  it("is stale when the kernel closes the comm or does not know the view", async () => {
    const { comms, context } = fakeSession();
    const [closed, unknown] = [
      new ViewConnection(new SessionChannels(context), "a"),
      new ViewConnection(new SessionChannels(context), "b"),
    ];
    await settled();
    comms[0].onClose();
    comms[1].onMsg({ content: { data: { type: "error", code: "unknown-view", message: "gone" } } });
    assert.deepEqual([closed.state, unknown.state], ["stale", "stale"]);
  });

  it("opens again after a restart and with a new kernel", async () => {
    const { comms, context, signals } = fakeSession();
    const connection = new ViewConnection(new SessionChannels(context), "id");
    await settled();
    signals.statusChanged.emit("restarting");
    assert.deepEqual([comms[0].closed, connection.state], [true, "none"]);
    signals.statusChanged.emit("idle");
    await settled();
    assert.deepEqual([comms.length, connection.state], [2, "connecting"]);
    signals.kernelChanged.emit(undefined);
    await settled();
    assert.equal(comms.length, 3);
  });

  it("does not bother kernels of other languages", async () => {
    const { comms, context } = fakeSession("python");
    const connection = new ViewConnection(new SessionChannels(context), "id");
    await settled();
    assert.deepEqual([comms.length, connection.state], [0, "none"]);
  });

  it("lets go of the session when disposed, even before it had connected", async () => {
    const { comms, context, signals } = fakeSession();
    const connection = new ViewConnection(new SessionChannels(context), "id");
    connection.dispose();
    await settled();
    signals.statusChanged.emit("idle");
    await settled();
    assert.equal(comms.length, 0);
  });
});
