import assert from "node:assert/strict";
import { describe, it } from "node:test";
import sharp from "sharp";
import * as view from "../../kernel/view";
import { ViewError, type CorrespondenceOptions, type FeatureExtractor } from "../../kernel/view";
import { argmax, softmax, topIndices } from "../../kernel/numeric";
import { dequantize, similarityRow } from "../../kernel/protocol/core/quantize";
import { matchPatch } from "../../kernel/protocol/correspondence/match";
import { CORRESPONDENCE_MIME, readCorrespondence } from "../../kernel/protocol/correspondence/payload";
import { allocateDims, reduceSet } from "../../kernel/view/reduce/set";
import { heatColors, heatRange } from "../../kernel/protocol/core/scale";
import { matchOf, syntheticEncoder, syntheticKeypoints, syntheticPair } from "./synthetic";

const { source, target } = syntheticPair();
const show = (options?: CorrespondenceOptions) => view.correspondence(source, target, syntheticEncoder, options);

/** Random unit rows with the given number of strong directions, by a fixed generator. */
function noisyRows(rows: number, channels: number, rank: number, seed: number): Float32Array {
  let state = seed;
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1;
  const directions = Float32Array.from({ length: rank * channels }, next);
  const out = new Float32Array(rows * channels);
  for (let n = 0; n < rows; n++) {
    const weights = Array.from({ length: rank }, (_, k) => next() / (1 + k / 6));
    for (let c = 0; c < channels; c++)
      out[n * channels + c] =
        0.05 * next() + weights.reduce((sum, weight, k) => sum + weight * directions[k * channels + c], 0);
    const norm = Math.hypot(...out.subarray(n * channels, (n + 1) * channels));
    for (let c = 0; c < channels; c++) out[n * channels + c] /= norm;
  }
  return out;
}

describe("view.correspondence", () => {
  it("bundles the view, a PNG and a text, in this order, in at most 300 KB", async () => {
    const { bundle } = await show({ keypoints: syntheticKeypoints() });
    assert.deepEqual(Object.keys(bundle), [CORRESPONDENCE_MIME, "image/png", "text/plain"]);
    assert.ok(JSON.stringify(bundle).length <= 300 * 1024);
    const { format, width = 0 } = await sharp(Buffer.from(bundle["image/png"] as string, "base64")).metadata();
    assert.equal(format, "png");
    assert.ok(width > 500);
  });

  it("describes the picture in words, with PCK where the truth is known", async () => {
    const shown = await show({ keypoints: syntheticKeypoints(), title: "Mirrored" });
    assert.equal(
      String(shown),
      "Mirrored: correspondence of source (256 x 192) and target (240 x 240)\n" +
        "encoder synthetic on cpu, layer 2 of [0, 1, 2], 12 x 16 patches, 48 channels\n" +
        "PCK@0.10 on 5 keypoints (cosine): 5 correct, 100.0 %",
    );
    assert.equal(shown.pck.get(2)?.correct, 5);
    assert.match(
      String(await show({ pins: [[56, 40]] })),
      /row 3, column 4 matches row 4, column 12, similarity 0\.99$/,
    );
  });

  it("matches mirrored colours at the mirrored place", async () => {
    const { pck } = await show({ keypoints: syntheticKeypoints() });
    for (const { keypoint, error, correct } of pck.get(2)?.scores ?? []) {
      assert.ok(correct && error < 24, `keypoint ${keypoint}: ${error}`);
      assert.deepEqual(matchOf(syntheticKeypoints().source[keypoint]), syntheticKeypoints().target[keypoint]);
    }
  });

  it("stays within 300 KB for large photographs, many layers and wide features", async () => {
    const noise = await sharp({
      create: {
        width: 1600,
        height: 1200,
        channels: 3,
        background: "#777",
        noise: { type: "gaussian", mean: 120, sigma: 60 },
      },
    })
      .jpeg()
      .toBuffer();
    const encoder: FeatureExtractor = {
      name: "wide",
      device: "cpu",
      forwardIntermediates: async () => ({
        intermediates: Array.from({ length: 12 }, (_, layer) => ({
          data: noisyRows(576, 96, 24, layer + 1),
          dims: [1, 576, 96],
          grid: [24, 24] as const,
          channels: 96,
          layer,
        })),
      }),
    };
    const { bundle } = await view.correspondence(noise, noise, encoder);
    const bytes = JSON.stringify(bundle).length;
    assert.ok(bytes <= 300 * 1024, `${bytes} bytes`);
    const { layers, current } = readCorrespondence(JSON.parse(JSON.stringify(bundle[CORRESPONDENCE_MIME])));
    assert.ok((layers[current].reduced?.[0].dims ?? 0) >= 24);
  });

  it("takes a pair of SPair-71k's layout as it is read", async () => {
    const view1 = { box: [0, 0, 256, 192], keypoints: { "0": [56, 40], "3": [200, 56] } as const };
    const view2 = { box: [0, 0, 120, 100], keypoints: { "0": matchOf([56, 40]), "3": matchOf([200, 56]) } };
    const { bundle } = await show({ keypoints: { source: view1, target: view2, keypointIds: ["0", "3"] } });
    const truth = readCorrespondence(bundle[CORRESPONDENCE_MIME]).groundTruth;
    assert.deepEqual(truth?.thresholds, [25.6, 12]);
    assert.deepEqual(truth?.names, ["keypoint 0", "keypoint 3"]);
  });

  it("refuses a pair whose annotation is of a picture of another size, such as a turned one", async () => {
    const keypoints = { "0": [56, 40] } as const;
    const view1 = { box: [0, 0, 120, 100], keypoints, size: [256, 192] as const };
    const view2 = { box: [0, 0, 120, 100], keypoints, size: [240, 240] as const };
    await show({ keypoints: { source: view1, target: view2, keypointIds: ["0"] } });
    const turned = { source: { ...view1, size: [192, 256] as const }, target: view2, keypointIds: ["0"] };
    const rule = /the source picture is 256 x 192 pixels .* annotation must be of that size, received "192 x 256"/;
    await assert.rejects(show({ keypoints: turned }), rule);
  });

  it("follows the geometry of the features: a centre crop leaves the margins out", async () => {
    const crop: FeatureExtractor = {
      ...syntheticEncoder,
      forwardIntermediates: async (images, options) => {
        const { intermediates } = await syntheticEncoder.forwardIntermediates(images, options);
        const geometry = [{ modelSize: [100, 50] as const, scaleX: 1, scaleY: 1, offsetX: -20, offsetY: -10 }];
        return { intermediates: intermediates.map((map) => ({ ...map, geometry })) };
      },
    };
    const { bundle } = await view.correspondence(source, target, crop);
    const { layers } = readCorrespondence(bundle[CORRESPONDENCE_MIME]);
    assert.deepEqual(layers[0].placements[0].region, [20, 10, 120, 60]);
  });

  it("refuses options by name, rule and value", async () => {
    const refused: [CorrespondenceOptions, RegExp][] = [
      [{ layer: 9 }, /^ViewError: view\.correspondence: layer must be one of 0, 1, 2, received 9$/],
      [{ opacity: 3 }, /opacity must lie in 0\.\.1, received 3/],
      [{ colormap: "jet" as never }, /colormap must be one of .*, received "jet"/],
      [{ alpha: 0, keypoints: syntheticKeypoints() }, /alpha must lie in \(0, 1\], received 0/],
      [{ pins: [[900, 3]] }, /pins must lie in 0, 0, 256, 192, received \[900, 3\]/],
      [{ keypoints: { source: [[1, 2]], target: [] } }, /keypoints\.target must have 1 points, received 0/],
      [{ keypoints: { source: [[1, NaN]], target: [[1, 2]] } }, /keypoints\.source\[0\] must be \[x, y\] in pixels/],
      [
        { keypoints: { source: [[1, 2]], target: [[1, 2]], box: [5, 5, 5, 9] } },
        /keypoints\.box must be \[left, top, right, bottom\]/,
      ],
    ];
    for (const [options, says] of refused)
      await assert.rejects(show(options), (error) => error instanceof ViewError && says.test(String(error)));
    await assert.rejects(
      view.correspondence("no such file.png", target, syntheticEncoder),
      /view\.correspondence: .*no such file\.png/,
    );
  });
});

describe("reduced features", () => {
  it("agree with the full ones on the best match of most patches", () => {
    const pair = {
      channels: 96,
      features: [noisyRows(256, 96, 24, 1), noisyRows(256, 96, 24, 1)] as [Float32Array, Float32Array],
    };
    const reduced = reduceSet(pair, 24);
    const small = {
      channels: 24,
      features: [dequantize(reduced[0]), dequantize(reduced[1])] as [Float32Array, Float32Array],
    };
    const same = Array.from(
      { length: 256 },
      (_, patch) => matchPatch(pair, 0, patch).best === matchPatch(small, 0, patch).best,
    );
    assert.ok(same.filter(Boolean).length >= 0.95 * 256, `${same.filter(Boolean).length} of 256`);
  });

  it("spend the bytes on the layer shown first, then on deep layers", () => {
    const query = { tokens: [512, 512, 512], channels: [384, 384, 384], current: 2, bytes: 60_000 };
    const dims = allocateDims(query);
    assert.equal(dims[2], 55);
    assert.ok(dims[0] === dims[1] && dims[0] > 20);
    assert.ok(dims.reduce((sum, value) => sum + value * 536, 0) <= 60_000);
    assert.deepEqual(allocateDims({ ...query, bytes: 9_000 }), [0, 6, 8], "the earliest layer goes without");
    assert.deepEqual(allocateDims({ ...query, most: 4 }), [4, 4, 4]);
  });
});

describe("the arithmetic of a query", () => {
  const pair = {
    channels: 2,
    features: [Float32Array.of(1, 0, 0, 1), Float32Array.of(0, 1, 1, 0, 0.6, 0.8)] as [Float32Array, Float32Array],
  };

  it("finds the best patch, the way back, and whether they agree", () => {
    assert.deepEqual(matchPatch(pair, 0, 0).best, 1);
    assert.deepEqual(matchPatch(pair, 0, 1), { scores: Float32Array.of(1, 0, 0.8), best: 0, back: 1, mutual: true });
    const reverse = matchPatch(pair, 1, 2);
    assert.deepEqual([reverse.best, reverse.back, reverse.mutual], [1, 0, false]);
  });

  it("takes a softmax without overflow that sums to one", () => {
    const soft = softmax(Float32Array.of(1000, 999, -1000), 0.5);
    assert.ok(Math.abs(soft.reduce((sum, value) => sum + value, 0) - 1) < 1e-6);
    assert.ok(Math.abs(soft[0] - 1 / (1 + Math.exp(-2))) < 1e-6);
  });

  it("never lets NaN win", () => {
    assert.equal(argmax([NaN, 1, NaN, 2]), 3);
    assert.deepEqual(topIndices([0.1, 0.9, 0.5], 2), [1, 2]);
    assert.deepEqual([...similarityRow(Float32Array.of(2), Float32Array.of(1, -1))], [2, -2]);
  });

  it("scales honestly: fixed ends, or the ends of this view", () => {
    assert.deepEqual(heatRange("cosine", "absolute", [0.2, 0.4]), [0, 1]);
    assert.deepEqual(heatRange("centered", "absolute", [0.2]), [-1, 1]);
    assert.deepEqual(heatRange("cosine", "view", [0.2, 0.4]), [0.2, 0.4]);
    assert.deepEqual(heatRange("centered", "view", [-0.1, 0.4]), [-0.4, 0.4]);
    assert.deepEqual(heatRange("softmax", "view", [0.1, 0.3]), [0, 0.3]);
    assert.equal(heatColors("centered", "magma"), "coolwarm");
    assert.equal(heatColors("cosine", "coolwarm"), "viridis");
  });
});

describe("several targets, encoders and facets", () => {
  const asked: (object | undefined)[] = [];
  /** Knows facets, and has one token before the patches: the mean of them. */
  const second: FeatureExtractor = {
    ...syntheticEncoder,
    name: "second",
    forwardIntermediates: async (images, options) => {
      asked.push(options);
      const { intermediates } = await syntheticEncoder.forwardIntermediates(images, options);
      return {
        intermediates: intermediates.map((map) => {
          const prefix = Float32Array.from(map.data.subarray(0, map.channels));
          return { ...map, prefixTokens: { data: prefix, dims: [1, 1, map.channels] as const } };
        }),
      };
    },
  };

  it("are saved image by image and layer by layer, the first encoder's first", async () => {
    const shown = await view.correspondence(source, [target, source], [syntheticEncoder, second], {
      indices: [1, 2],
      facets: ["token", "key"],
    });
    const payload = readCorrespondence(JSON.parse(JSON.stringify(shown.bundle[CORRESPONDENCE_MIME])));
    assert.deepEqual(
      payload.images.map(({ label }) => label),
      ["source", "target 1", "target 2"],
    );
    assert.deepEqual(
      payload.layers.map(({ encoder = 0, facet = "token", layer, prefix = 0 }) => [encoder, facet, layer, prefix]),
      [
        [0, "token", 1, 0],
        [0, "token", 2, 0],
        [0, "key", 1, 0],
        [0, "key", 2, 0],
        [1, "token", 1, 1],
        [1, "token", 2, 1],
        [1, "key", 1, 1],
        [1, "key", 2, 1],
      ],
    );
    assert.equal(payload.current, 1);
    assert.ok(payload.layers.every(({ placements }) => placements.length === 3));
    assert.deepEqual(asked.at(-1), { outputFmt: "NLC", returnPrefixTokens: true, facet: "key", indices: [1, 2] });
    assert.match(
      String(shown),
      /correspondence of source \(256 x 192\) and target 1 \(240 x 240\), target 2 \(256 x 192\)/,
    );
    assert.match(String(shown), /matches row 7, column 9 of target 2, similarity 1\.00/);
    assert.match(
      String(shown),
      /\nencoder second on cpu, layer 2 of \[1, 2\], 12 x 16 patches, 48 channels, also key\n/,
    );
  });

  it("score every encoder in words, and the first in numbers", async () => {
    const shown = await view.correspondence(source, target, [second, syntheticEncoder], {
      keypoints: syntheticKeypoints(),
    });
    assert.deepEqual([...shown.pck.keys()], [0, 1, 2]);
    assert.equal(String(shown).match(/PCK@0\.10 on 5 keypoints \(cosine\): 5 correct, 100\.0 %/g)?.length, 2);
  });

  it("are refused by number and name", async () => {
    const many = Array<typeof target>(9).fill(target);
    const refused: [Promise<unknown>, RegExp][] = [
      [view.correspondence(source, [], syntheticEncoder), /there must be 1\.\.8 targets, received 0/],
      [view.correspondence(source, many, syntheticEncoder), /there must be 1\.\.8 targets, received 9/],
      [view.correspondence(source, target, []), /there must be 1\.\.8 encoders, received 0/],
      [
        view.correspondence(source, [target, source], syntheticEncoder, { keypoints: syntheticKeypoints() }),
        /keypoints need a single target, received 2/,
      ],
      [show({ labels: ["one"] }), /labels must name 2 images, received 1/],
      [show({ facets: ["output" as never] }), /facets must be some of token, query, key, value, each once/],
      [show({ facets: ["key", "key"] }), /facets must be some of/],
    ];
    for (const [made, rule] of refused) await assert.rejects(made, rule);
  });
});
