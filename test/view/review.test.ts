import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { refer } from "../../kernel/data/index";
import { readReview, readReviewReply, REVIEW_MIME, boxWithin, type ReviewPayload } from "../../kernel/protocol/index";
import { review } from "../../kernel/view/index";
import { acceptView } from "../../kernel/view/live";
import { FakeComm } from "./fake-comm";
import { LEFT, RIGHT } from "./grounding-source";
import { images, PREDICTIONS } from "./review-source";

describe("the review", () => {
  let folder = "";
  let file = "";
  before(() => (folder = mkdtempSync(join(tmpdir(), "review-"))));
  after(() => rmSync(folder, { recursive: true }));
  beforeEach(() => (file = join(mkdtempSync(join(folder, "round-")), "notes", "reviewed_train.json")));

  const options = (more: object = {}) => ({ confidence: 0.5, file, images, ...more });

  async function made(more: object = {}) {
    const view = await review(PREDICTIONS, options(more));
    const bundle = view.bundle as Record<string, unknown>;
    const payload: ReviewPayload = readReview(JSON.parse(JSON.stringify(bundle[REVIEW_MIME])));
    const comm = new FakeComm();
    acceptView(comm, { data: { version: 1, view: view.id }, metadata: {}, buffers: [] });
    return { view, bundle, payload, comm };
  }

  it("shows what is doubtful, the lowest score first, with a picture and a text in 300 KB", async () => {
    const { bundle, payload, view } = await made();
    assert.deepEqual(
      payload.items.map(({ phrase, picture }) => [phrase, payload.pictures[picture].label]),
      [
        ["the blue boat", "1.jpg"],
        ["nothing at all", "2.jpg"],
        ["the red boat", "1.jpg"],
      ],
    );
    assert.deepEqual([payload.doubtful, payload.predictions, view.doubtful], [3, 4, 3]);
    assert.ok(bundle["image/png"] && JSON.stringify(bundle).length <= 300 * 1024);
    assert.match(
      String(bundle["text/plain"]),
      /^review: 3 of 4 predictions have a score below 0.50; 3 are here, 0 of them/,
    );
    const all = await made({ confidence: { chosen: null } });
    assert.equal(all.payload.items.length, 4);
    assert.match(String(all.bundle["text/plain"]), /all 4 predictions are doubtful/);
    assert.equal((await made({ confidence: { chosen: { threshold: 0.3 } } })).payload.items.length, 1);
    assert.equal((await made({ most: 2 })).payload.items.length, 2);
  });

  it("writes each decision as annotations that data.refer reads, and goes on from them", async () => {
    const { comm } = await made();
    assert.deepEqual(readReviewReply(comm.sent[1].data).decisions, [null, null, null]);
    const decide = (item: number, decision: object | null) => ({ type: "decide", item, decision }) as never;
    await comm.ask([
      decide(0, { verdict: "redrawn", box: RIGHT }),
      decide(1, { verdict: "rejected", box: null }),
      decide(2, { verdict: "confirmed", box: LEFT }),
    ]);
    const last = readReviewReply(comm.sent.at(-1)!.data);
    assert.deepEqual([last.annotations, last.rejected], [2, 1]);
    const { expressions, splits, problems } = refer.read(file);
    assert.deepEqual([splits, problems.length], [{ train: 2 }, 0]);
    assert.deepEqual(
      expressions.map(({ phrase, boxes, image }) => [phrase, boxes, image.fileName]),
      [
        ["the blue boat", [RIGHT], "1.jpg"],
        ["the red boat", [LEFT], "1.jpg"],
      ],
    );
    assert.deepEqual(readdirSync(join(file, "..")), ["reviewed_train.json"], "no part of a file is left");
    await comm.ask([decide(2, null)]);
    assert.equal(refer.read(file).expressions.length, 1);

    const again = await made();
    assert.deepEqual(
      again.payload.items.map(({ phrase, decision }) => [phrase, decision?.verdict]),
      [
        ["the red boat", undefined],
        ["the blue boat", "redrawn"],
        ["nothing at all", "rejected"],
      ],
    );
  });

  it("keeps decisions of predictions that are not there this time, and tells every open view", async () => {
    const { comm, view } = await made();
    const other = new FakeComm();
    acceptView(other, { data: { version: 1, view: view.id }, metadata: {}, buffers: [] });
    await comm.ask([{ type: "decide", item: 0, decision: { verdict: "confirmed", box: [...LEFT] } }]);
    assert.equal(readReviewReply(other.sent.at(-1)!.data).annotations, 1);
    const rest = await review(PREDICTIONS.slice(0, 1), options());
    const next = new FakeComm();
    acceptView(next, { data: { version: 1, view: rest.id }, metadata: {}, buffers: [] });
    await next.ask([{ type: "decide", item: 0, decision: { verdict: "confirmed", box: [...LEFT] } }]);
    assert.equal(refer.read(file).expressions.length, 2);
  });

  it("answers hostile messages with an error and writes nothing", async () => {
    const { comm } = await made();
    for (const [message, told] of [
      [{ type: "decide", item: 3, decision: null }, /item must be below 3/],
      [{ type: "decide", item: 0, decision: { verdict: "confirmed", box: [0, 0, 65, 4] } }, /area in 64 x 48/],
      [{ type: "decide", item: 0, decision: { verdict: "redrawn", box: [5, 5, 5, 9] } }, /area in 64 x 48/],
      [{ type: "decide", item: 0, decision: { verdict: "confirmed", box: null } }, /decision.box must be a box/],
      [{ type: "decide", item: 0, decision: { verdict: "rejected", box: [0, 0, 4, 4] } }, /null where it was rejected/],
      [
        { type: "decide", item: 0, decision: { verdict: "sure", box: [0, 0, 4, 4] } },
        /one of confirmed, redrawn, rejected/,
      ],
      [{ type: "decide", item: 0, decision: { verdict: "redrawn", box: [0, 0, "4", 4] } }, /finite number/],
      [{ type: "write" }, /type must be one of decide/],
    ] as const) {
      await comm.ask([message as never]);
      assert.match(JSON.stringify(comm.sent.at(-1)!.data), told);
    }
    assert.throws(() => refer.read(file), /must exist/);
  });

  it("says when a decision could not be written, and does not count it", async () => {
    const { comm } = await made();
    // A plain file stands where the folder of the annotations should.
    writeFileSync(join(file, ".."), "");
    await comm.ask([{ type: "decide", item: 0, decision: { verdict: "rejected", box: null } }]);
    assert.match(JSON.stringify(comm.sent.at(-1)!.data), /failed/);
    rmSync(join(file, ".."));
    await comm.ask([{ type: "decide", item: 1, decision: { verdict: "confirmed", box: [...RIGHT] } }]);
    const { annotations, rejected } = readReviewReply(comm.sent.at(-1)!.data);
    assert.deepEqual([annotations, rejected], [1, 0]);
  });

  it("never replaces a file of another kind", async () => {
    mkdirSync(join(file, ".."), { recursive: true });
    for (const [content, told] of [
      [`{"images": [], "annotations": []}`, /must be one that view.review wrote/],
      ["no json", /the file must hold JSON/],
      [`{"review": {"version": 2, "decisions": []}}`, /review.version must be one of 1/],
      [`{"review": {"version": 1, "decisions": [{"id": "a"}]}}`, /decisions\[0\].split must be/],
    ] as const) {
      writeFileSync(file, content);
      await assert.rejects(review(PREDICTIONS, options()), told);
      assert.equal(readFileSync(file, "utf8"), content);
    }
    await assert.rejects(review(PREDICTIONS, options({ file: join(file, "..") })), /ends in a word and .json/);
    await assert.rejects(review(PREDICTIONS, options({ file: 3 })), /ends in a word and .json/);
  });

  it("refuses what does not fit", async () => {
    const [first] = PREDICTIONS;
    const image = { id: 10, fileName: "missing.jpg", width: 64, height: 48 };
    for (const [predictions, more, told] of [
      ["all", {}, /predictions must be a list/],
      [[{ ...first, box: [0, 0, 1] }], {}, /the box of a must be 4 finite numbers/],
      [[{ ...first, score: 1.2 }], {}, /the score of a must lie in \[0, 1\]/],
      [[{ box: first.box, score: 0.1 }], {}, /must have an expression/],
      [PREDICTIONS, { confidence: "low" }, /confidence must be a score/],
      [PREDICTIONS, { most: 61 }, /most must be a whole number of 1..60/],
      [PREDICTIONS, { threshold: 0.5 }, /received "threshold"/],
      [[{ ...first, expression: { ...first.expression, image } }], {}, /missing.jpg/],
    ] as const)
      await assert.rejects(review(predictions as never, options(more) as never), told);
    const { payload } = await made();
    assert.throws(() => readReview({ ...payload, pictures: [] }), /items\[0\].picture must be below 0/);
    assert.throws(
      () => readReview({ ...payload, items: payload.items.map((one) => ({ ...one, box: null })) }),
      /box must be/,
    );
  });

  const confirmed = (item: number) => ({ type: "decide", item, decision: { verdict: "confirmed", box: [...LEFT] } });

  it("keeps the decisions of two views of one file", async () => {
    const [first, second] = [await made(), await made()];
    await second.comm.ask([confirmed(0)]);
    await first.comm.ask([confirmed(1)]);
    const { annotations, decisions } = readReviewReply(first.comm.sent.at(-1)!.data);
    assert.deepEqual([annotations, decisions.map((one) => one?.verdict)], [2, ["confirmed", "confirmed", undefined]]);
    assert.equal(refer.read(file).expressions.length, 2);
    await first.comm.ask([{ type: "decide", item: 0, decision: null }]);
    const { phrase } = refer.read(file).expressions[0];
    assert.equal(phrase, "nothing at all", "what the other view decided is taken back in the file");
    // Both at once: neither writes over the other.
    await Promise.all([first.comm.ask([confirmed(0), confirmed(2)]), second.comm.ask([confirmed(1), confirmed(0)])]);
    assert.equal(refer.read(file).expressions.length, 3);
    assert.deepEqual(readdirSync(join(file, "..")), ["reviewed_train.json"]);
  });

  it("keeps what another kernel writes, and waits for it", async () => {
    const { comm } = await made();
    await comm.ask([confirmed(0)]);
    const whole = readFileSync(file, "utf8");
    await comm.ask([confirmed(1)]);
    // The other kernel's file, written while that one holds the folder.
    const lock = join(file, "..", ".lock");
    writeFileSync(lock, "");
    writeFileSync(file, whole);
    const asked = comm.ask([confirmed(2)]);
    await new Promise((done) => setTimeout(done, 150));
    assert.equal(readFileSync(file, "utf8"), whole);
    rmSync(lock);
    await asked;
    assert.deepEqual(
      refer.read(file).expressions.map(({ phrase }) => phrase),
      ["the blue boat", "the red boat"],
    );
  });

  it("leaves a file that became another one, and goes on where it was removed", async () => {
    const { comm } = await made();
    await comm.ask([confirmed(0)]);
    const whole = readFileSync(file, "utf8");
    for (const content of [`{"images": [], "annotations": []}`, whole.slice(0, -40)]) {
      writeFileSync(file, content);
      await comm.ask([confirmed(1)]);
      assert.match(JSON.stringify(comm.sent.at(-1)!.data), /must be one that view.review wrote|must hold JSON/);
      assert.equal(readFileSync(file, "utf8"), content);
    }
    rmSync(file);
    await comm.ask([confirmed(2)]);
    assert.deepEqual(
      refer.read(file).expressions.map(({ phrase }) => phrase),
      ["the blue boat", "the red boat"],
      "no decision of before is lost",
    );
  });

  it("takes no decision once it is disposed of", async () => {
    const { comm, view } = await made();
    await comm.ask([confirmed(0)]);
    view.dispose();
    await comm.ask([confirmed(1)]);
    assert.match(JSON.stringify(comm.sent.at(-1)!.data), /unknown-view/);
    assert.equal(refer.read(file).expressions.length, 1);
  });

  it("refuses expressions whose decisions could not be read again", async () => {
    const [{ expression, ...rest }] = PREDICTIONS;
    const { image } = expression;
    for (const [odd, told] of [
      [{ phrase: " " }, /expression.phrase must be a text that is not empty/],
      [{ phrase: "boat ".repeat(500) }, /phrase must be a string of at most 2000 characters/],
      [{ id: "a".repeat(1001) }, /id must be a string of at most 1000/],
      [{ split: "a".repeat(101) }, /split must be a string of at most 100/],
      [{ image: { ...image, id: NaN } }, /image.id must be an integer/],
      [{ image: { ...image, id: 2 ** 60 } }, /image.id must be an integer/],
      [{ image: { ...image, fileName: "../1.jpg" } }, /image.fileName must be a name without a folder/],
      [{ image: { ...image, width: 0 } }, /image.width must be an integer/],
    ] as const)
      await assert.rejects(review([{ ...rest, expression: { ...expression, ...odd } }], options()), (error: Error) => {
        assert.equal(error.name, "ProtocolError");
        assert.match(error.message, told);
        return true;
      });
    await assert.rejects(review(PREDICTIONS, options({ title: "a".repeat(301) })), /title must be a string of at most/);
    for (const confidence of [1.5, -0.1, NaN, "0.5", { chosen: undefined }, { chosen: {} }, null])
      await assert.rejects(review(PREDICTIONS, options({ confidence })), /confidence must be a score in \[0, 1\]/);
    const phrase = (i: number): string => `${i} ${"boat ".repeat(390)}`;
    const many = Array.from({ length: 60 }, (_, i) => ({
      ...rest,
      expression: { ...expression, id: String(i), phrase: phrase(i) },
    }));
    const { bundle } = await review(many, options({ most: 60 }));
    assert.ok(JSON.stringify(bundle).length <= 300 * 1024);
  });

  it("keeps a drawn box in its picture, with an area", () => {
    const size = { width: 64, height: 48 };
    assert.deepEqual(boxWithin([70, 20, -5, 10], size), [0, 10, 64, 20]);
    assert.deepEqual(boxWithin([64, 48, 64, 48], size), [63, 47, 64, 48]);
    assert.deepEqual(boxWithin([10, 10, 10, 10], size), [10, 10, 11, 11]);
  });
});
