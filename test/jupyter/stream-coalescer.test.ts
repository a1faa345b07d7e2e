import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { FLUSH_MS, StreamCoalescer } from "../../kernel/jupyter/stream-coalescer";
import { HeaderFactory } from "../../kernel/jupyter/wire";

type Sent = [parent: string | undefined, name: string, text: string];

function coalescer(): { streams: StreamCoalescer; sent: Sent[] } {
  const sent: Sent[] = [];
  const streams = new StreamCoalescer((parent, name, text) => sent.push([parent?.msg_id, name, text]));
  return { streams, sent };
}

const headers = new HeaderFactory();
const [first, second] = [headers.create("execute_request"), headers.create("execute_request")];

describe("StreamCoalescer", () => {
  it("publishes the first text at once and gathers what follows", async () => {
    const { streams, sent } = coalescer();
    for (let line = 0; line < 1000; line++) streams.write(first, "stdout", `${line}\n`);
    assert.deepEqual(sent, [[first.msg_id, "stdout", "0\n"]]);
    await sleep(FLUSH_MS * 4);
    assert.equal(sent.length, 2);
    assert.equal(
      sent.map(([, , text]) => text).join(""),
      Array.from({ length: 1000 }, (_, line) => `${line}\n`).join(""),
    );
  });

  it("keeps the order between streams and between cells", () => {
    const { streams, sent } = coalescer();
    const writes: Parameters<StreamCoalescer["write"]>[] = [
      [first, "stdout", "a"],
      [first, "stderr", "b"],
      [second, "stdout", "c"],
      [first, "stdout", "d"],
    ];
    for (const write of writes) streams.write(...write);
    streams.flush();
    assert.deepEqual(
      sent.map(([, , text]) => text),
      ["a", "b", "c", "d"],
    );
    assert.equal(sent[2]![0], second.msg_id);
  });

  it("bounds the number of messages when streams alternate without end", () => {
    const { streams, sent } = coalescer();
    for (let turn = 0; turn < 5000; turn++) {
      streams.write(first, "stdout", "o");
      streams.write(first, "stderr", "e");
    }
    streams.flush();
    assert.ok(sent.length < 100, `${sent.length} messages`);
    assert.equal(
      sent
        .filter(([, name]) => name === "stdout")
        .map(([, , text]) => text)
        .join("").length,
      5000,
    );
  });

  it("cuts long text below 1 MB of JSON, and never inside a character", () => {
    for (const unit of ["x", "\u001b", "😀", "é"]) {
      const { streams, sent } = coalescer();
      const text = unit.repeat(1_500_001);
      streams.write(first, "stdout", text);
      assert.ok(sent.every(([, , piece]) => Buffer.byteLength(JSON.stringify(piece)) < 1_000_000));
      assert.ok(sent.every(([, , piece]) => Buffer.from(piece).toString() === piece));
      assert.equal(sent.map(([, , piece]) => piece).join(""), text);
    }
  });
});
