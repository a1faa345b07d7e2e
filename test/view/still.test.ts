/** Still pictures: drawn alike on every machine, on no paper, in few colors. */
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import sharp from "sharp";
import * as laws from "../../kernel/law";
import { installPlatform, platform } from "../../kernel/platform";
import { encodeFewColors } from "../../kernel/view/draw/palette-png";
import { stillBundle } from "../../kernel/view/draw/pictures";
import * as view from "../../kernel/view";
import { syntheticEncoder, syntheticPair } from "./synthetic";

const machine = platform();
const svgOf = (content: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="60" height="24" font-family="Helvetica, sans-serif" fill="#767676">${content}</svg>`;

/** Pixels with any ink. */
function inked(svg: string): number {
  const { data } = machine.codec.drawSvg?.(svg) ?? { data: new Uint8Array(0) };
  return data.filter((value, i) => i % 4 === 3 && value > 0).length;
}

async function pixelsOf(
  bundle: Record<string, unknown>,
): Promise<{ data: Uint8Array; width: number; channels: number }> {
  const png = Buffer.from(String(bundle["image/png"]), "base64");
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  return { data: new Uint8Array(data), width: info.width, channels: info.channels };
}

describe("a drawing as pixels", () => {
  it("has words in the face that comes along: letters, signs of mathematics, Greek", () => {
    for (const text of ["Layer 11", "R² − 0.5 ≤ × …", "αβγ"])
      assert.ok(inked(svgOf(`<text y="16">${text}</text>`)) > 60, text);
    assert.equal(inked(svgOf("")), 0, "no paper");
  });

  it("has straight colors, not those multiplied by their opacity", () => {
    const pixels = machine.codec.drawSvg?.(svgOf('<rect width="60" height="24" fill="#ff8040" opacity="0.5"/>'));
    assert.deepEqual(
      [...(pixels?.data.subarray(0, 4) ?? [])].map((value) => Math.round(value / 4)),
      [64, 32, 16, 32],
    );
  });
});

describe("a PNG of few colors", () => {
  it("is exact where there are few", async () => {
    const data = Uint8Array.from({ length: 40 * 30 * 4 }, (_, i) =>
      i % 4 === 3 ? 255 : ((i >> 2) % 7) * 30 + (i % 4) * 10,
    );
    const { data: back } = await pixelsOf({
      "image/png": Buffer.from(encodeFewColors({ data, width: 40, height: 30, channels: 4 })).toString("base64"),
    });
    const expected = data.filter((_, i) => i % 4 !== 3);
    assert.deepEqual(back.length === expected.length ? back : back.filter((_, i) => i % 4 !== 3), expected);
  });

  it("is a full one where there are more, and keeps what is transparent", async () => {
    const side = 64;
    const data = new Uint8Array(side * side * 4);
    for (let i = 0; i < side * side; i++)
      data.set([(i % side) * 4, Math.floor(i / side) * 4, 128, i % 5 ? 255 : 0], 4 * i);
    const png = encodeFewColors({ data, width: side, height: side, channels: 4 });
    const { data: back } = await pixelsOf({ "image/png": Buffer.from(png).toString("base64") });
    assert.deepEqual(back, data);
  });

  it("takes edges of letters for their nearest, and no color for one far away", async () => {
    const side = 40;
    const data = new Uint8Array(side * side * 4);
    for (let i = 0; i < side * side; i++) data.set([i % 4 ? 200 : 20, 100 + (i % 37), 100 + (i % 11), 255], 4 * i);
    const png = encodeFewColors({ data, width: side, height: side, channels: 4 });
    assert.equal(png[25], 3, "a palette");
    const { data: back, channels } = await pixelsOf({ "image/png": Buffer.from(png).toString("base64") });
    for (let i = 0; i < side * side; i++)
      for (let c = 0; c < 3; c++) assert.ok(Math.abs(back[channels * i + c] - data[4 * i + c]) <= 50);
  });
});

describe("the still picture of a view", () => {
  afterEach(() => void installPlatform(machine));
  const table = laws.publishedTable();
  const { source, target } = syntheticPair();

  it("lies on no paper", async () => {
    const views = [
      view.law(table, (options) => laws.fit(table, options)),
      await view.correspondence(source, target, syntheticEncoder),
      await view.pca([source], syntheticEncoder),
    ];
    for (const { bundle } of views) {
      const { data, channels } = await pixelsOf(bundle);
      assert.deepEqual([channels, data[3]], [4, 0]);
    }
  });

  it("is the same every time", () => {
    const once = (): unknown => view.law(table, (options) => laws.fit(table, options)).bundle["image/png"];
    assert.equal(once(), once());
  });

  it("is the drawing itself where the machine cannot draw it", async () => {
    const broken = (): never => {
      throw new Error("no build for this platform");
    };
    for (const drawSvg of [undefined, broken]) {
      installPlatform({ ...machine, codec: { ...machine.codec, drawSvg } });
      assert.deepEqual(stillBundle(svgOf("")), { "image/svg+xml": svgOf("") });
      const { bundle } = view.law(table, (options) => laws.fit(table, options));
      assert.deepEqual(Object.keys(bundle).slice(1), ["image/svg+xml", "text/plain"]);
      const matches = await view.correspondence(source, target, syntheticEncoder);
      assert.match(String(matches.bundle["image/svg+xml"]), /^<svg [^]*<image [^]*href="data:image\/png;base64/);
    }
  });
});
