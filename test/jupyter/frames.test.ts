import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { describe, it } from "node:test";
import { FrameError, type Framed, FrameReader, writeFrame } from "../../kernel/jupyter/frames";

type Sent = Framed & { text?: string };

function written(...messages: Sent[]): Buffer {
  const stream = new PassThrough({ highWaterMark: 1 << 30 });
  for (const message of messages) writeFrame(stream, message);
  return stream.read() as Buffer;
}

/** Frames read from bytes that come in pieces of these lengths, over and over. */
function read(bytes: Buffer, ...lengths: number[]): Sent[] {
  const received: Sent[] = [];
  const reader = new FrameReader<Sent>((message) => received.push(message));
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const piece = Buffer.from(bytes.subarray(at, at + lengths[turn % lengths.length]!));
    at += piece.length;
    reader.push(piece);
    piece.fill(0xff); // Its memory is used again.
  }
  return received;
}

const pattern = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 7) % 251);
const messages: Sent[] = [
  { type: "small", text: "naïve 😀" },
  { type: "empty", buffers: [new Uint8Array(0)] },
  { type: "several", buffers: [pattern(3), new Uint8Array(0), pattern(300_000), pattern(1)], text: "x".repeat(70_000) },
  { type: "none", buffers: [] },
];

describe("frames", () => {
  const plain = (all: Sent[]): unknown[] =>
    all.map((message) => ({ ...message, buffers: message.buffers?.map((buffer) => Array.from(buffer)) }));

  for (const lengths of [[1 << 30], [1], [3, 1, 65_536], [7, 100_000]])
    it(`come back whole from pieces of ${lengths.join(", ")} bytes`, () => {
      assert.deepEqual(plain(read(written(...messages), ...lengths)), plain(messages));
    });

  it("buffers have memory of their own, and may change once they are written", () => {
    const buffer = pattern(100_000);
    const stream = new PassThrough({ highWaterMark: 1 << 30 });
    writeFrame(stream, { type: "sent", buffers: [buffer] });
    buffer.fill(9);
    const [message] = read(stream.read() as Buffer, 1 << 30);
    assert.deepEqual(Array.from(message!.buffers![0]!), Array.from(pattern(100_000)));
    assert.equal(message!.buffers![0]!.byteOffset, 0);
  });

  it("a large buffer can be read into its place", () => {
    const received: Sent[] = [];
    const reader = new FrameReader<Sent>((message) => received.push(message));
    const bytes = written({ type: "large", buffers: [pattern(90_000)] }, { type: "next" });
    reader.push(bytes.subarray(0, 1000));
    const missing = reader.missing!;
    bytes.copy(missing, 0, 1000, 1000 + missing.length);
    reader.advance(missing.length);
    reader.push(bytes.subarray(1000 + missing.length));
    assert.deepEqual(plain(received), plain([{ type: "large", buffers: [pattern(90_000)] }, { type: "next" }]));
  });

  const mark = written({ type: "any" }).readUInt32LE(0);
  const words = (...values: number[]): Buffer => {
    const bytes = Buffer.alloc(4 * values.length);
    values.forEach((value, index) => bytes.writeUInt32LE(value, 4 * index));
    return bytes;
  };
  const frame = (...parts: string[]): Buffer => {
    const lengths = parts.map((part) => part.length);
    return Buffer.concat([words(mark, parts.length, ...lengths), ...parts.map((part) => Buffer.from(part))]);
  };
  const deep = `{"type":"x","data":${"[".repeat(2000)}${"]".repeat(2000)}}`;
  const wrong: [string, Buffer, RegExp][] = [
    ["no JSON", frame("{oops"), /a message is JSON with a type, received 5 bytes/],
    ["no type", frame("{}"), /a message is JSON with a type, received 2 bytes/],
    ["no part", words(mark, 0), /a message is JSON with a type, received 0 bytes/],
    ["too many parts", words(mark, 2 ** 32 - 1), /a frame has parts up to 65536, received 4294967295/],
    ["too large", words(mark, 1, 2 ** 32 - 1), /a part has bytes up to 2147483648/],
    ["no mark", words(1, 1, 2, 0), /a frame begins with its mark, received other bytes/],
    ["too deep", frame(deep), /a message nests at most 1000 deep/],
  ];
  for (const [name, bytes, message] of wrong)
    it(`${name} is refused`, () => {
      assert.throws(() => read(bytes, 1 << 30), FrameError);
      assert.throws(() => read(bytes, 1 << 30), message);
    });
});
