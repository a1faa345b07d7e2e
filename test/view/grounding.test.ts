import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ALL_LAYERS,
  GROUNDING_MIME,
  type GroundingPayload,
  readGrounding,
  readGroundingReply,
  readGroundingRequest,
  replyAttention,
  savedAttention,
  scoreAnswers,
} from "../../kernel/protocol/index";
import { grounding } from "../../kernel/view/index";
import { acceptView } from "../../kernel/view/live";
import { FakeComm } from "./fake-comm";
import { LEFT, makeExplorer, PHRASES, picture, REPLAY, type Source } from "./grounding-source";

interface Made {
  payload: GroundingPayload;
  bundle: Record<string, unknown>;
  source: Source;
  id: string;
  dispose: () => void;
}

async function made(queries = 1): Promise<Made> {
  const source = makeExplorer(queries);
  const view = await grounding(source.explorer, picture, { phrases: PHRASES, title: "Boats", replay: REPLAY });
  const bundle = view.bundle as Record<string, unknown>;
  const payload = readGrounding(JSON.parse(JSON.stringify(bundle[GROUNDING_MIME])));
  return { payload, bundle, source, id: view.id, dispose: view.dispose };
}

function open(id: string): FakeComm {
  const comm = new FakeComm();
  acceptView(comm, { data: { version: 1, view: id }, metadata: {}, buffers: [] });
  return comm;
}

describe("the grounding view", () => {
  it("saves boxes and attention of a list of phrases, with a picture and a text, in 300 KB", async () => {
    const { bundle, payload } = await made();
    assert.ok(JSON.stringify(bundle).length <= 300 * 1024);
    assert.ok(bundle["image/png"]);
    assert.match(
      String(bundle["text/plain"]),
      /^Boats: visual grounding by plain data\n {2}picture 1, “the red boat”: token \[6, 10, 30, 40\] score 0.85, IoU 0.85; decoder/,
    );
    assert.deepEqual(payload.saved[0].boxes.decoder, [{ box: LEFT, score: 0.9 }]);
    assert.deepEqual(payload.saved[2].truth, []);
    assert.equal(payload.saved[3].truth, undefined);
    assert.equal(payload.replay?.epochs.length, 3);
    const attention = savedAttention(payload, payload.saved[0])!;
    assert.equal(attention.layers, 3);
    const word = attention.word(1, 2);
    assert.equal(word.length, 12);
    assert.equal(word.indexOf(0.5), 3, "word 1 looks at patch 3 in layer 2");
    assert.equal(attention.patch(3, 2)[1], 0.25);
    assert.ok(Math.abs(attention.word(1, ALL_LAYERS)[3] - (0.5 + 0.01 + 0.01) / 3) < 1e-3);
  });

  it("keeps the mean over layers, or none, where there is no room for all", async () => {
    const { explorer } = makeExplorer();
    const attend: typeof explorer.attend = async (image, phrase) => {
      const { words } = await explorer.attend(image, phrase);
      const values = new Float32Array(12 * words.length * 1600).fill(0.25);
      return { words, toPatches: values, toWords: values };
    };
    const large = { ...explorer, attend, layers: 12, grid: [40, 40] as const };
    const phrases = Array.from({ length: 20 }, (_, i) => (i ? "the red boat left" : "red"));
    const view = await grounding(large, picture, { phrases });
    assert.ok(JSON.stringify(view.bundle).length <= 300 * 1024);
    const payload = readGrounding((view.bundle as Record<string, unknown>)[GROUNDING_MIME]);
    const layers = payload.saved.map((answer) => savedAttention(payload, answer)?.layers);
    assert.ok(layers.every((count) => count === undefined || count === 1));
    view.dispose();
  });

  it("scores the list of phrases: Prec@0.5 of one box, F1 and N-acc of any number", async () => {
    const { payload } = await made(2);
    const at = (threshold: number): object => scoreAnswers(payload.saved, "decoder", threshold);
    const same = { single: 2, precise: 2, count: 3, withoutTarget: 1 };
    assert.deepEqual(at(0.7), { ...same, exact: 3, silent: 1 });
    assert.deepEqual(at(0.5), { ...same, exact: 1, silent: 1 });
    assert.deepEqual(at(0.1), { ...same, exact: 0, silent: 0 });
  });

  it("answers what is typed, the last question of several, and names words that it does not know", async () => {
    const { id, source, payload } = await made();
    const comm = open(id);
    source.grounded.length = 0;
    const typed = ["the", "the red", "the blue"].map((phrase, serial) => ({
      type: "ground",
      serial,
      picture: 0,
      phrase,
    }));
    await comm.ask(typed, 2);
    assert.deepEqual(source.grounded, ["the", "the blue"]);
    await comm.ask([
      { type: "ground", serial: 7, picture: 0, phrase: "the smal boat" },
      { type: "ground", serial: 8, picture: 0, phrase: " the red boat " },
      // A half-typed word is answered at once, and the whole ones before it are still grounded.
      { type: "ground", serial: 9, picture: 0, phrase: "the red boat l" },
    ]);
    const replies = comm.sent.slice(1).map(({ data }) => readGroundingReply(data));
    assert.deepEqual(replies[2], { type: "unknown", serial: 7, words: ["smal"] });
    assert.deepEqual(replies[3], { type: "unknown", serial: 9, words: ["l"] });
    const last = replies[4];
    assert.ok(last.type === "ground" && last.serial === 8);
    assert.deepEqual(last.answer.truth, [LEFT], "the truth of the list");
    await comm.ask([{ type: "attend", serial: 8, picture: 0, phrase: "red boat" }]);
    const { data, buffers } = comm.sent.at(-1)!;
    const reply = readGroundingReply(data);
    assert.ok(reply.type === "attend");
    assert.equal(replyAttention(payload, reply, buffers).word(0, 1).indexOf(0.5), 1);
    assert.throws(() => replyAttention(payload, reply, [buffers[0].subarray(1)]), /one buffer of/);
  });

  it("answers malformed questions with an error, and none after it is disposed of", async () => {
    const { id, dispose } = await made();
    const comm = open(id);
    for (const [message, told] of [
      [{ type: "ground", serial: 1, picture: 1, phrase: "red" }, /picture must be below 1/],
      [{ type: "ground", serial: 1, picture: 0, phrase: 3 }, /phrase must be a string/],
      [{ type: "ground", serial: -1, picture: 0, phrase: "red" }, /serial must be/],
      [{ type: "attend", serial: 1, picture: 0, phrase: "x".repeat(501) }, /at most 500 characters/],
      [{ type: "train" }, /type must be one of ground, attend/],
    ] as const) {
      await comm.ask([message]);
      assert.match(JSON.stringify(comm.sent.at(-1)!.data), told);
    }
    dispose();
    assert.match(JSON.stringify(open(id).sent.at(-1)!.data), /unknown-view/);
  });

  it("answers every viewer, whatever another one asks meanwhile", async () => {
    const { id } = await made();
    const comms = [open(id), open(id), open(id)];
    const asked = (serial: number, type: string) => ({ type, serial, picture: 0, phrase: "the red boat" });
    await Promise.all(comms.map((comm, i) => comm.ask([asked(i, "ground"), asked(10 + i, "attend")])));
    comms.forEach(({ sent }, i) =>
      assert.deepEqual(
        sent
          .slice(1)
          .map(({ data }) => Number(data.serial))
          .sort((a, b) => a - b),
        [i, 10 + i],
      ),
    );
  });

  it("refuses answers that no viewer would read, when it is made and later", async () => {
    const { explorer } = makeExplorer();
    const odd = (answer: object) => ({
      ...explorer,
      ground: async (...asked: Parameters<typeof explorer.ground>) => ({
        ...(await explorer.ground(...asked)),
        ...answer,
      }),
    });
    const shown = (answer: object, options: object = {}) =>
      grounding(odd(answer), picture, { phrases: ["red"], ...options });
    const box = { box: LEFT, score: 0.5 };
    for (const [answer, options, told] of [
      [{ token: [{ ...box, score: NaN }] }, {}, /a score must be a finite number, received NaN/],
      [{ decoder: [{ ...box, box: [NaN, 0, 1, 1] }] }, {}, /a box must be 4 finite numbers/],
      [{ token: [box, box] }, {}, /saved\[0\].boxes.token must be 1 boxes, received 2/],
      [{ words: [] }, {}, /saved\[0\].words must be an array of 1..256 items/],
      [{}, { title: "a".repeat(301) }, /title must be a string of at most 300/],
      [
        {},
        { phrases: [{ phrase: "red", boxes: [[9, 9, 4, 4]] }] },
        /a true box must have an area, received \[9, 9, 4, 4\]/,
      ],
      [{}, { replay: { ...REPLAY, epochs: [null] } }, /weight of an epoch/],
      [{}, { replay: { ...REPLAY, epochs: [{ weight: 0, token: { ...box, score: NaN } }] } }, /a score must be/],
      [{}, { replay: { ...REPLAY, truth: [1, 1, 1, 5] } }, /a true box must have an area/],
    ] as const)
      await assert.rejects(shown(answer, options), (error: Error) => {
        assert.match(error.name, /ViewError|ProtocolError/);
        assert.match(error.message, told);
        return true;
      });
    const many = Array.from({ length: 1000 }, () => ({ weight: 0.123, token: box, decoder: box }));
    const large = { title: "", replay: { ...REPLAY, epochs: many } };
    const bundle = await shown({}, large).then(
      ({ bundle }) => JSON.stringify(bundle).length,
      (error: Error) => error.message,
    );
    assert.ok(typeof bundle === "number" ? bundle <= 300 * 1024 : /must fit into/.test(bundle), String(bundle));
    const phrases = Array.from({ length: 64 }, (_, i) => `red ${"boat ".repeat(90)}${i}`);
    await assert.rejects(
      grounding(makeExplorer(100).explorer, picture, { phrases }),
      /phrases, boxes and epochs must fit into 307200 bytes/,
    );
  });

  it("refuses what does not fit", async () => {
    const { explorer } = makeExplorer();
    const phrases = ["red"];
    const bad: [unknown, unknown, object, RegExp][] = [
      [{}, picture, { phrases }, /the model must be what grounding.explorer returns/],
      [{ ...explorer, branches: ["head"] }, picture, { phrases }, /branches must be of token, decoder/],
      [{ ...explorer, queries: 0 }, picture, { phrases }, /queries must be a whole number above 0/],
      [explorer, [], { phrases }, /1 to 8 pictures/],
      [explorer, picture, { phrases: [] }, /phrases must be a list of 1 to 64/],
      [explorer, picture, { phrases: [" "] }, /a phrase must be a text/],
      [explorer, picture, { phrases: [{ phrase: "red", picture: 2 }] }, /picture must be a position below 1/],
      [explorer, picture, { phrases: [{ phrase: "red", boxes: [[0, 0, 1]] }] }, /a box must be 4 finite numbers/],
      [explorer, picture, { phrases, threshold: 2 }, /threshold must lie in \[0, 1\]/],
      [explorer, picture, { phrases, thresholds: 2 }, /received "thresholds"/],
      [explorer, picture, { phrases, replay: { ...REPLAY, epochs: [] } }, /epochs of the replay/],
    ];
    for (const [model, pictures, options, told] of bad)
      await assert.rejects(grounding(model as never, pictures as never, options as never), told);
  });

  it("refuses a payload that was tampered with", async () => {
    const { payload } = await made();
    const [first, ...rest] = payload.saved;
    for (const [change, told] of [
      [{ current: 9 }, /current must be below 4/],
      [{ saved: [{ ...first, picture: 3 }] }, /saved\[0\].picture must be below 1/],
      [
        { saved: [...rest, { ...first, boxes: { token: first.boxes.token } }] },
        /saved\[3\].boxes.decoder must be 1 boxes/,
      ],
      [
        { saved: [{ ...first, attention: { toPatches: "AAAA", toWords: "AAAA" } }] },
        /toPatches must be 36 or 108 values/,
      ],
      [
        { saved: [{ ...first, boxes: { token: [{ box: [0, 0, 1, "1"], score: 1 }] } }] },
        /box\[3\] must be a finite number/,
      ],
      [{ replay: { ...payload.replay, picture: 4 } }, /replay.picture must be below 1/],
      [{ threshold: Number.NaN }, /threshold must be/],
    ] as const)
      assert.throws(() => readGrounding({ ...payload, ...change }), told);
    assert.throws(() => readGroundingRequest({ type: "ground" }), /serial/);
  });
});
