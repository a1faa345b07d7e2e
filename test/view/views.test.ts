import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { after, afterEach, before, describe, it, mock } from "node:test";
import sharp from "sharp";
import { decodeImage } from "../../kernel/data/image";
import * as view from "../../kernel/view";
import { clearOutput, comms, display, displayHandle } from "../../kernel/display/display";
import { View, ViewError } from "../../kernel/view";
import { installHost, type DisplayOptions, type MimeBundle, type SessionHost } from "../../kernel/display/host";
import { encodePng, type Pixels } from "../../kernel/view/draw/png";
import { syntheticEncoder, syntheticPair } from "./synthetic";

const { source, target } = syntheticPair();
const folder = mkdtempSync(join(tmpdir(), "fovea-views-"));
const pngFile = join(folder, "a.png");
before(() => writeFileSync(pngFile, encodePng(pixels(31, 17, 3))));
after(() => rmSync(folder, { recursive: true }));

/** Pixels with gradients, noise and flat parts, so that every row filter is used. */
function pixels(width: number, height: number, channels: 1 | 3 | 4): Pixels {
  const value = (i: number): number => (i % 7 === 0 ? (i * 7919) % 256 : Math.floor(i / 11) % 256);
  return { data: Uint8Array.from({ length: width * height * channels }, (_, i) => value(i)), width, height, channels };
}

describe("encodePng", () => {
  for (const channels of [1, 3, 4] as const)
    it(`writes ${channels} channels that libpng reads back unchanged`, async () => {
      const picture = pixels(37, 23, channels);
      const { data, info } = await sharp(encodePng(picture))
        .toColourspace(channels === 1 ? "b-w" : "srgb")
        .raw()
        .toBuffer({ resolveWithObject: true });
      assert.deepEqual([info.width, info.height, info.channels], [37, 23, channels]);
      assert.deepEqual(new Uint8Array(data), picture.data);
    });

  it("refuses a wrong number of values", () => {
    assert.throws(
      () => encodePng({ ...pixels(2, 2, 3), width: 3 }),
      /encodePng: data must hold 3 x 2 x 3 = 18 values, received 12/,
    );
    assert.throws(
      () => encodePng({ ...pixels(2, 2, 3), channels: 2 as never }),
      /channels must be 1, 3 or 4, received 2/,
    );
  });
});

describe("view.image", () => {
  it("enlarges whole pixels and says its size", async () => {
    const shown = view.image({ data: Uint8Array.of(0, 255), width: 2, height: 1, channels: 1 }, { scale: 2 });
    const { data } = await sharp(Buffer.from(shown.bundle["image/png"] as string, "base64"))
      .toColourspace("b-w")
      .raw()
      .toBuffer({ resolveWithObject: true });
    assert.deepEqual([...data], [0, 0, 255, 255, 0, 0, 255, 255]);
    assert.equal(String(shown), "image 2 x 1, gray");
  });

  it("reads a file, by its path, its URL or its bytes, and shows the same pixels", async () => {
    const expected = view.image(pixels(31, 17, 3), { scale: 2 }).bundle;
    for (const file of [pngFile, pathToFileURL(pngFile), readFileSync(pngFile)]) {
      const shown: view.View = await view.image(file, { scale: 2 });
      assert.deepEqual(shown.bundle, expected);
    }
    await assert.rejects(
      view.image(join(folder, "none.png")),
      /view\.image: the picture file cannot be read \(ENOENT\)/,
    );
    assert.throws(() => view.image(null as never), /view\.image: a picture must be pixels, a path.*received null/);
    assert.throws(() => view.image("a.png", { scales: 2 } as never), /options are .*received "scales"/);
  });

  it("shows files beside pixels", async () => {
    const [one, other] = [pixels(31, 17, 3), pixels(5, 4, 1)];
    const expected = view.images([one, other], { captions: ["a", "b"] }).bundle;
    assert.deepEqual((await view.images([pngFile, other], { captions: ["a", "b"] })).bundle, expected);
    await assert.rejects(view.images([pngFile], { captions: [] }), /captions must be 1, one a picture/);
    assert.throws(() => view.images([other, 3 as never]), /view\.images: a picture must be pixels, a path/);
  });

  const rgbOf = async (shown: view.View): Promise<(x: number, y: number) => number[]> => {
    const png = Buffer.from(shown.bundle["image/png"] as string, "base64");
    const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
    return (x, y) => [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)];
  };
  const black = { data: new Uint8Array(20 * 20 * 3), width: 20, height: 20, channels: 3 as const };

  it("draws points and boxes in pixels of the picture", async () => {
    const marks = {
      points: [{ at: [5, 5] as const, radius: 2, color: "#ff0000" }],
      boxes: [{ box: [10, 10, 18, 18] as const, color: "#00ff00" }],
    };
    const at = await rgbOf(view.image(black, { scale: 4, ...marks }));
    assert.deepEqual(at(20, 20), [255, 0, 0]);
    assert.deepEqual(at(20, 28), [255, 255, 255], "a white rim");
    assert.deepEqual(at(20, 32), [0, 0, 0]);
    assert.deepEqual(at(56, 40), [0, 255, 0], "the box's upper edge");
    assert.deepEqual(at(56, 56), [0, 0, 0], "its middle stays");
  });

  it("leaves out points beyond the picture, and draws a box that reaches far out at once", async () => {
    const far = { points: [{ at: [-50, 3] as const }], boxes: [{ box: [-1e9, 4, 1e9, 1e12] as const }] };
    const at = await rgbOf(view.image(black, far));
    assert.deepEqual(at(2, 9), [0, 0, 0]);
    assert.notDeepEqual(at(9, 4), [0, 0, 0]);
  });

  it("refuses marks that are none", () => {
    assert.throws(() => view.image(black, { points: [{ at: [1, NaN] }] }), /a point's at must be 2 finite numbers/);
    assert.throws(() => view.image(black, { points: [{ at: [1, 1], color: "red" }] }), /#rrggbb, received "red"/);
    assert.throws(() => view.image(black, { boxes: [{ box: [5, 5, 1, 9] }] }), /right and bottom beyond/);
  });
});

describe("view.images", () => {
  const dot = { data: Uint8Array.of(9), width: 1, height: 1, channels: 1 as const };

  it("shows pictures in rows with their captions as alternative text", () => {
    const shown = view.images([dot, dot, dot], { columns: 2, captions: ["a <b>", "two", "three"] });
    const html = shown.bundle["text/html"] as string;
    assert.equal(html.match(/<tr>/g)?.length, 2);
    assert.match(
      html,
      /<img alt="a &lt;b&gt;" src="data:image\/png;base64,[^"]+"><figcaption>a &lt;b&gt;<\/figcaption>/,
    );
    assert.equal(String(shown), "a <b>\ntwo\nthree");
  });

  it("refuses no pictures and captions of another number", () => {
    assert.throws(() => view.images([]), /view.images: pictures must be an array of at least one/);
    assert.throws(() => view.images([dot], { captions: [] }), /captions must be 1, one a picture, received 0/);
  });
});

describe("view.pca", () => {
  it("shows images of different shapes on common colours and says how much variance they hold", async () => {
    const shown = await view.pca([source, target], syntheticEncoder, { indices: [0, 2], title: "synthetic" });
    assert.match(String(shown), /^synthetic: first three principal components of 2 images/);
    assert.match(String(shown), /layer 2: features \[2, 192, 48\] on 12 x 16 patches; components hold [\d.]+ %/);
    assert.deepEqual([...shown.ratio.keys()], [0, 2]);
    const { format } = await sharp(Buffer.from(shown.bundle["image/png"] as string, "base64")).metadata();
    assert.equal(format, "png");
  });

  it("takes feature maps that were computed before", async () => {
    const { intermediates } = await syntheticEncoder.forwardIntermediates([source], { indices: [2] });
    const computed = await view.pca([source], intermediates);
    const fresh = await view.pca([source], syntheticEncoder, { indices: [2] });
    assert.equal(computed.bundle["image/png"], fresh.bundle["image/png"]);
  });

  it("takes a single image, by its path too", async () => {
    const [one, listed] = [await view.pca(source, syntheticEncoder), await view.pca([source], syntheticEncoder)];
    assert.equal(one.bundle["image/png"], listed.bundle["image/png"]);
    const reading: view.FeatureExtractor = {
      ...syntheticEncoder,
      forwardIntermediates: async (images, options) =>
        syntheticEncoder.forwardIntermediates(await Promise.all(images.map((image) => decodeImage(image))), options),
    };
    assert.equal(
      (await view.pca(pngFile, reading)).bundle["image/png"],
      (await view.pca([pngFile], reading)).bundle["image/png"],
    );
    assert.match(String(await view.pca(pngFile, reading)), /components of 1 image as/);
    await assert.rejects(
      view.pca("none.png", syntheticEncoder),
      /view\.pca: the picture file cannot be read \(ENOENT\)/,
    );
  });

  it("gives the same picture again", async () => {
    const [one, two] = [await view.pca([source], syntheticEncoder), await view.pca([source], syntheticEncoder)];
    assert.equal(one.bundle["image/png"], two.bundle["image/png"]);
  });

  it("refuses no images and unusable tiles", async () => {
    await assert.rejects(view.pca([], syntheticEncoder), /view\.pca: there must be an image/);
    await assert.rejects(
      view.pca([source], "zoo/clip-vit" as never),
      /view\.pca: the source must be an encoder.*clip-vit/,
    );
    await assert.rejects(
      view.pca([source], syntheticEncoder, { tile: 3 }),
      /view\.pca: tile must be an integer in 16\.\.1024, received 3/,
    );
  });
});

describe("view.table", () => {
  const rows = [
    { encoder: "<b>clip</b>", pck: 12.3456 },
    { encoder: "parts|hybrid", pck: 40 },
  ];

  it("escapes HTML and Markdown, aligns numbers, and is readable as text", () => {
    const { bundle } = view.table(rows, undefined, { title: "PCK & co" });
    assert.match(String(bundle["text/html"]), /<caption[^>]*>PCK &amp; co<\/caption>/);
    assert.match(
      String(bundle["text/html"]),
      /<td style="text-align:left">&lt;b&gt;clip&lt;\/b&gt;<\/td><td style="text-align:right">12\.346<\/td>/,
    );
    assert.match(String(bundle["text/markdown"]), /\| parts\\\|hybrid \| 40 \|/);
    assert.equal(
      bundle["text/plain"],
      "PCK & co\nencoder          pck\n------------  ------\n<b>clip</b>   12.346\nparts|hybrid      40",
    );
  });

  it("takes chosen columns, and rows that are arrays", () => {
    assert.equal(String(view.table(rows, ["pck"])), "pck\n------\n12.346\n    40".replace("pck", "   pck"));
    assert.match(String(view.table([["a", null]], ["name", "score"])), /^name {2}score\n/);
  });

  it("shows at most maxRows rows and says how many are hidden, of any number", () => {
    const rows = Array.from({ length: 200_000 }, (_, i) => ({ i, name: `row ${i}` }));
    const short = view.table(rows, undefined, { maxRows: 2 });
    assert.equal(String(short), "i  name\n-  -----\n0  row 0\n1  row 1\n… 199998 more rows (maxRows)");
    assert.match(short.bundle["text/html"] as string, /<td colspan="2">… 199998 more rows/);
    assert.match(short.bundle["text/markdown"] as string, /\n\n… 199998 more rows/);
    assert.equal(String(view.table(rows)).split("\n").length, 2 + 1000 + 1);
    assert.doesNotMatch(String(view.table(rows.slice(0, 1000))), /more row/);
    assert.throws(() => view.table(rows, undefined, { maxRows: 0 }), /maxRows must be a whole number of at least 1.*0/);
  });

  it("refuses rows that do not fit", () => {
    assert.throws(() => view.table([[1, 2]], ["one"]), /view\.table: row 0 must have 1 cells, received 2/);
    assert.throws(() => view.table([[1]]), /view\.table: rows that are arrays need columns, received \[1\]/);
    assert.throws(() => view.table("x" as never), ViewError);
  });
});

describe("display outside a notebook", () => {
  it("refuses a bundle whose text is none, and lets JSON types hold anything", () => {
    const print = mock.method(console, "log", () => {});
    assert.throws(() => display({ "text/plain": 5 }), /display: text\/plain must be text, received 5/);
    assert.throws(() => display({ "image/png": { a: 1 } }), /display: image\/png must be text/);
    const own = { [Symbol.for("Jupyter.display")]: () => ({ "text/html": null }) };
    assert.throws(() => display(own), /display: text\/html must be text, received null/);
    assert.throws(() => display({ [Symbol.for("Jupyter.display")]: () => 7 }), /must map mime types to contents.*7/);
    display({ "application/vnd.x.v1+json": { a: [1, null] }, "text/plain": ["a\n", "b"] });
    assert.equal(print.mock.callCount(), 1);
    print.mock.restore();
  });

  it("refuses a picture that is no base64 of its kind, by whichever way it comes", () => {
    const png = encodePng(pixels(2, 2, 3));
    const base64 = Buffer.from(png).toString("base64");
    const wrong: [type: string, content: unknown][] = [
      ["image/png", "pictures/a.png"],
      ["image/png", "pictures/cat"], // Letters and length of base64.
      ["image/png", ""],
      ["image/png", `data:image/png;base64,${base64}`],
      ["image/png", base64.slice(0, -1)],
      ["image/png", [base64.slice(0, 8), "?"]],
      ["image/png", Buffer.from("GIF89a").toString("base64")],
      ["image/jpeg", base64],
      ["image/jpeg", png],
      ["image/gif", base64],
      ["image/webp", base64],
      ["application/pdf", base64],
      ["audio/wav", "a.wav"],
      ["image/bmp", "no base64"],
    ];
    for (const [type, content] of wrong)
      for (const value of [{ [type]: content }, { [Symbol.for("Jupyter.display")]: () => ({ [type]: content }) }])
        assert.throws(
          () => display(value),
          (error) => error instanceof ViewError && error.message.startsWith(`display: ${type} must be the bytes of a`),
          `${type} ${String(content)}`,
        );
  });

  it("takes bytes, base64 in lines, and pictures that are text", () => {
    const print = mock.method(console, "log", () => {});
    const png = encodePng(pixels(2, 2, 3));
    const base64 = Buffer.from(png).toString("base64");
    const lines = [`${base64.slice(0, 20)}\n`, base64.slice(20)];
    for (const content of [png, Buffer.from(png), base64, lines]) display({ "image/png": content });
    display({ "image/svg+xml": "<svg/>", "audio/wav": "UklGRg==", "image/bmp": Uint8Array.of(66, 77) });
    assert.equal(print.mock.callCount(), 5);
    print.mock.restore();
  });

  it("prints the text of a view", () => {
    const print = mock.method(console, "log", () => {});
    display(view.table([{ a: 1 }]));
    display({ "text/html": "<b>x</b>", "text/plain": "x" });
    display([1, 2]);
    print.mock.restore();
    assert.deepEqual(
      print.mock.calls.map((call) => call.arguments[0]),
      ["a\n-\n1", "x", "[ 1, 2 ]"],
    );
  });

  it("has no comms, and says why", () => {
    assert.throws(() => comms.open("x"), /comms\.open: comms need a notebook session, received "a plain Node process"/);
    assert.doesNotThrow(() => clearOutput());
  });
});

describe("display in a notebook", () => {
  const shown: [MimeBundle, DisplayOptions][] = [];
  const host = { display: (bundle: MimeBundle, options: DisplayOptions) => void shown.push([bundle, options]) };
  before(() => installHost(host as unknown as SessionHost));
  after(() => installHost(undefined as never));
  afterEach(() => shown.splice(0));

  it("hands bundles, displayable values and plain values to the session", () => {
    display({ "application/json": { a: [1] }, "text/plain": "a" });
    display(new View({ "text/plain": "v" }));
    display({ not: "a bundle" });
    assert.deepEqual(
      shown.map(([bundle]) => bundle),
      [
        { "application/json": { a: [1] }, "text/plain": "a" },
        { "text/plain": "v" },
        { "text/plain": "{ not: 'a bundle' }" },
      ],
    );
  });

  it("updates an output in place through its handle", () => {
    const handle = displayHandle("0 %", { displayId: "p" });
    handle.update("50 %");
    assert.deepEqual(
      shown.map(([bundle, options]) => [bundle["text/plain"], options]),
      [
        ["0 %", { displayId: "p" }],
        ["50 %", { displayId: "p", update: true }],
      ],
    );
  });
});
