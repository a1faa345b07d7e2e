import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, it } from "node:test";
import type { Message } from "../../kernel/jupyter/messages";
import { decode, encode, HeaderFactory, Signer } from "../../kernel/jupyter/wire";

const KEY = "a-key";

function message(extra: Partial<Message> = {}): Message {
  const header = new HeaderFactory().create("comm_msg");
  return {
    identities: [Buffer.from("client")],
    header,
    parentHeader: {},
    metadata: {},
    content: { a: "é😀" },
    buffers: [],
    ...extra,
  };
}

describe("wire", () => {
  it("reads back what it wrote, buffers and identities included", () => {
    const sent = message({ buffers: [Buffer.from([0, 255]), Buffer.alloc(0)] });
    const received = decode(encode(sent, new Signer(KEY)), new Signer(KEY));
    assert.deepEqual(received?.content, sent.content);
    assert.deepEqual(received?.header, sent.header);
    assert.deepEqual(received?.identities, sent.identities);
    assert.deepEqual(received?.buffers, sent.buffers);
  });

  it("signs exactly the four JSON frames, as Python's hmac does", () => {
    const frames = encode(message({ buffers: [Buffer.from("not signed")] }), new Signer(KEY));
    const [, , signature, ...rest] = frames;
    const expected = createHmac("sha256", KEY)
      .update(Buffer.concat(rest.slice(0, 4)))
      .digest("hex");
    assert.equal(Buffer.from(signature!).toString(), expected);
  });

  it("accepts a changed buffer, which is not signed, and no changed JSON frame", () => {
    for (let index = 3; index < 8; index++) {
      const frames = encode(message({ buffers: [Buffer.from("x")] }), new Signer(KEY));
      frames[index] = Buffer.concat([frames[index]!, Buffer.from(" ")]);
      assert.equal(decode(frames, new Signer(KEY)) !== undefined, index === 7, `frame ${index}`);
    }
  });

  it("refuses a replay, another key, and a signature of another length", () => {
    const signer = new Signer(KEY);
    const frames = encode(message(), signer);
    assert.ok(decode(frames, signer));
    assert.equal(decode(frames, signer), undefined);
    assert.equal(decode(frames, new Signer("other")), undefined);
    const short = [...frames];
    short[2] = frames[2]!.subarray(0, 10);
    assert.equal(decode(short, new Signer(KEY)), undefined);
  });

  it("refuses every truncation", () => {
    const frames = encode(message(), new Signer(KEY));
    for (let length = 0; length < frames.length; length++) {
      assert.equal(decode(frames.slice(0, length), new Signer(KEY)), undefined);
    }
  });

  it("refuses signed frames that are no JSON objects, or a header without its fields", () => {
    const signer = new Signer(KEY);
    const bodies = [
      ["{", "{}", "{}", "{}"],
      ["[]", "{}", "{}", "{}"],
      ['{"msg_id":1,"msg_type":"x","session":"s"}', "{}", "{}", "{}"],
      ['{"msg_id":"i","msg_type":"x","session":"s"}', "{}", "null", "{}"],
      ['{"msg_id":"i","msg_type":"x","session":"s"}', "{}", "{}", "\u0000"],
    ];
    for (const body of bodies) {
      const json = body.map((text) => Buffer.from(text));
      const frames = [Buffer.from("<IDS|MSG>"), Buffer.from(signer.sign(json)), ...json];
      assert.equal(decode(frames, signer), undefined, body.join());
    }
  });

  it("takes an empty key for no signing, as the protocol says", () => {
    const frames = encode(message(), new Signer(""));
    assert.equal(frames[2]!.length, 0);
    assert.ok(decode(frames, new Signer("")));
    assert.ok(decode(frames, new Signer("")), "without a key there is nothing to tell a replay by");
  });

  it("keeps of what nests too deep only the known fields of its header", () => {
    let deep: unknown = 1;
    for (let level = 0; level < 600; level++) deep = { a: deep };
    const sent = message({ content: { deep } });
    Object.assign(sent.header, { extra: deep });
    const received = decode(encode(sent, new Signer(KEY)), new Signer(KEY));
    assert.equal(received?.isTooDeep, true);
    assert.deepEqual(received.content, {});
    assert.equal(received.header.msg_id, sent.header.msg_id);
    assert.ok(!("extra" in received.header));
    // Brackets in a text are no depth.
    const text = message({ content: { text: '{"['.repeat(600) + "\\" } });
    assert.equal(decode(encode(text, new Signer(KEY)), new Signer(KEY))?.isTooDeep, false);
  });
});
