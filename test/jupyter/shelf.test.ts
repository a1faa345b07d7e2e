import assert from "node:assert/strict";
import { existsSync, fstatSync, writeSync } from "node:fs";
import { after, describe, it } from "node:test";
import { FrameError, type Framed } from "../../kernel/jupyter/frames";
import { openShelf, ShelfReader, ShelfWriter } from "../../kernel/jupyter/shelf";

const MB = 1 << 20;
const hasMemory = existsSync("/dev/shm");

/** Both ends of a file of their own: a writer changes its file later too. */
function ends(): { fd: number; writer: ShelfWriter; reader: ShelfReader } {
  const fd = openShelf()!;
  const writer = new ShelfWriter(fd);
  after(() => writer.close());
  return { fd, writer, reader: new ShelfReader(fd) };
}

const pattern = (length: number, seed: number): Uint8Array =>
  new Uint8Array(length).map((_, i) => (i * 7 + seed) % 251);
const sent = (...sizes: number[]): Framed => ({ type: "sent", buffers: sizes.map((size, i) => pattern(size, i)) });
/** The message as it comes out of a link. */
const crossed = (message: Framed): Framed =>
  message.shelved ? { ...(JSON.parse(JSON.stringify(message)) as Framed), buffers: [] } : message;
const isEqual = (got: Framed, message: Framed): boolean =>
  got.buffers?.length === message.buffers?.length &&
  message.buffers!.every((buffer, i) => Buffer.compare(buffer, got.buffers![i]!) === 0);

describe("buffers in shared memory", { skip: !hasMemory }, () => {
  it("come back whole, in memory of their own", () => {
    const { writer, reader } = ends();
    for (const message of [sent(3 * MB), sent(5, 0, 2 * MB, MB), sent(24 * MB), sent(MB)]) {
      const put = writer.put(message);
      assert.ok(put.shelved && put.buffers!.length === 0);
      const got = reader.take(crossed(put));
      assert.ok(isEqual(got, message));
      assert.deepEqual(Object.keys(got).sort(), ["buffers", "type"]);
    }
  });

  it("wait for their reader, and go another way while there is no room", () => {
    const { writer, reader } = ends();
    const messages = [sent(10 * MB), sent(4 * MB, 9 * MB), sent(2 * MB)];
    const [first, second, third] = messages.map((message) => writer.put(message));
    assert.ok(first!.shelved && second!.shelved && !third!.shelved);
    assert.equal(third, messages[2]);
    assert.ok(isEqual(reader.take(crossed(first!)), messages[0]!));
    assert.ok(!writer.put(sent(2 * MB)).shelved);
    assert.ok(isEqual(reader.take(crossed(second!)), messages[1]!));
    assert.equal(writer.put(sent(2 * MB)).shelved?.at, first!.shelved.at);
  });

  it("are few: small messages, and those without buffers, stay as they are", () => {
    const { writer } = ends();
    for (const message of [{ type: "none" }, sent(), sent(MB - 1), sent(25 * MB)])
      assert.equal(writer.put(message), message);
    const large = sent(2 * MB);
    assert.equal(new ShelfWriter(undefined).put(large), large);
  });

  it("give their memory back once they are taken", async () => {
    const { fd, writer, reader } = ends();
    reader.take(crossed(writer.put(sent(3 * MB))));
    while (fstatSync(fd).size > MB) await new Promise((resolve) => setTimeout(resolve, 50));
    const message = sent(2 * MB);
    assert.ok(isEqual(reader.take(crossed(writer.put(message))), message));
  });

  it("that no writer put there are refused", () => {
    const { fd, reader } = ends();
    writeSync(fd, new Uint8Array(100));
    const places = [
      null,
      1,
      {},
      { at: 0, sizes: [1] },
      { at: 8, sizes: [-1] },
      { at: 8, sizes: [1e12] },
      { at: 8, sizes: 3 },
      { at: 0.5, sizes: [] },
      { at: 8, sizes: [200] },
      { at: 8, sizes: ["5"] },
    ];
    for (const shelved of places)
      assert.throws(() => reader.take({ type: "sent", shelved } as Framed), FrameError, JSON.stringify(shelved));
    assert.throws(() => new ShelfReader(undefined).take({ type: "sent", shelved: { at: 8, sizes: [] } }), FrameError);
  });
});
