import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { correspondence } from "../../kernel/view/correspondence";
import {
  CORRESPONDENCE_MIME,
  ProtocolError,
  readCorrespondence,
  readCorrespondenceReply,
  readCorrespondenceRequest,
  readError,
  readFeatureBuffer,
  readMessage,
  readOpen,
  type CorrespondencePayload,
  type FeaturesReply,
} from "../../kernel/protocol";
import { changed } from "./changed";
import { syntheticEncoder, syntheticKeypoints, syntheticPair } from "./synthetic";

const message = (error: unknown): string =>
  error instanceof ProtocolError ? error.message : `no ProtocolError: ${String(error)}`;

describe("readCorrespondence", () => {
  let payload: CorrespondencePayload;

  before(async () => {
    const { source, target } = syntheticPair();
    const view = await correspondence(source, target, syntheticEncoder, {
      keypoints: syntheticKeypoints(),
      pins: [[8, 8]],
    });
    payload = JSON.parse(JSON.stringify(view.bundle[CORRESPONDENCE_MIME])) as CorrespondencePayload;
  });

  it("accepts what the kernel writes, after a trip through JSON", () => {
    assert.deepEqual(readCorrespondence(payload), payload);
  });

  const broken: [what: string, path: (string | number)[], to: unknown, says: string][] = [
    ["another version", ["version"], 2, "version must be one of 1, received 2"],
    ["a missing title", ["title"], undefined, "title must be a string of at most 300 characters, received undefined"],
    ["one image", ["images"], [{}], "images must be an array of 2..9 items, received an array of 1"],
    [
      "an SVG image",
      ["images", 0, "mime"],
      "image/svg+xml",
      'images[0].mime must be one of image/jpeg, image/png, received "image/svg+xml"',
    ],
    [
      "markup in place of base64",
      ["images", 1, "data"],
      '"><script>',
      'images[1].data must be base64, received "\\"><script>"',
    ],
    ["no layers", ["layers"], [], "layers must be an array of 1..200 items, received []"],
    [
      "a fractional grid",
      ["layers", 0, "placements", 0, "grid", 0],
      1.5,
      "layers[0].placements[0].grid[0] must be an integer in 1..512, received 1.5",
    ],
    [
      "features of another grid",
      ["layers", 1, "placements", 0, "grid"],
      [8, 11],
      "layers[1].reduced[0].data must be base64 of 4224 bytes, received",
    ],
    [
      "fewer scales than dimensions",
      ["layers", 2, "reduced", 1, "scale"],
      [1],
      "layers[2].reduced[1].scale must be 48 numbers, received [1]",
    ],
    ["a current layer out of range", ["current"], 3, "current must be a position in 3 layers, received 3"],
    ["a pin off the grid", ["pins", 0, "patch"], 192, "pins[0].patch must be a patch of the 12x16 grid, received 192"],
    [
      "an infinite keypoint",
      ["groundTruth", "source", 0, 0],
      null,
      "groundTruth.source[0][0] must be a finite number in -1000000..1000000, received null",
    ],
    [
      "keypoints without partners",
      ["groundTruth", "target"],
      [[1, 1]],
      "groundTruth.target must be 5 points, received",
    ],
    [
      "a colour map that does not exist",
      ["colormap"],
      "jet",
      'colormap must be one of viridis, cividis, magma, coolwarm, received "jet"',
    ],
    ["an opacity above one", ["opacity"], 2, "opacity must be a finite number in 0..1, received 2"],
  ];
  for (const [what, path, to, says] of broken)
    it(`refuses ${what} by its path`, () => {
      assert.throws(
        () => readCorrespondence(changed(payload, path, to)),
        (error) => message(error).startsWith(`correspondence view: ${says}`) || assert.fail(message(error)),
      );
    });

  it("refuses what is no object, and values that come by a prototype", () => {
    for (const value of [null, undefined, 3, "x", []]) assert.throws(() => readCorrespondence(value), ProtocolError);
    assert.throws(() => readCorrespondence(Object.create(payload)), /version must be one of 1/);
  });

  it("drops keys it does not know", () => {
    assert.equal("extra" in readCorrespondence({ ...payload, extra: 1 }), false);
  });
});

describe("messages of the comm", () => {
  const features: FeaturesReply = { type: "features", layer: 0, image: 1, channels: 3, start: 2, tokens: 2, total: 4 };

  it("are read back as written", () => {
    assert.deepEqual(readOpen({ version: 1, view: "a" }), { version: 1, view: "a" });
    assert.deepEqual(readCorrespondenceRequest({ type: "features", layer: 0, image: 1 }), {
      type: "features",
      layer: 0,
      image: 1,
    });
    assert.deepEqual(readMessage({ type: "any", more: 1 }, "test"), { type: "any", more: 1 });
    assert.deepEqual(readCorrespondenceReply(features), features);
    const error = { type: "error", code: "failed", message: "m" };
    assert.deepEqual(readError(error), error);
  });

  it("are refused by path when malformed", () => {
    assert.throws(() => readOpen({ view: "a" }), /version must be one of 1, received undefined/);
    assert.throws(
      () => readCorrespondenceRequest({ type: "features", layer: -1, image: 0 }),
      /layer must be an integer in 0\.\./,
    );
    assert.throws(
      () => readCorrespondenceRequest({ type: "pixels" }),
      /type must be one of features, received "pixels"/,
    );
    assert.throws(
      () => readCorrespondenceReply({ ...features, image: 9 }),
      /image must be an integer in 0\.\.8, received 9/,
    );
    assert.throws(
      () => readCorrespondenceReply({ ...features, start: 3 }),
      /tokens must be at most 1 after start, received 2/,
    );
  });

  it("carry exactly one buffer of float16 rows", () => {
    const buffer = new Uint8Array(12);
    assert.equal(readFeatureBuffer(features, [buffer]).length, 6);
    assert.equal(readFeatureBuffer(features, [new DataView(buffer.buffer)]).length, 6);
    assert.throws(() => readFeatureBuffer(features, []), /buffers must be one buffer of 12 bytes, received 0/);
    assert.throws(() => readFeatureBuffer(features, [buffer.subarray(1)]), /received Uint8Array of 11 bytes/);
  });
});
