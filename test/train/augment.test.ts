import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { goldenFile, relativeDifference } from "../nn/golden.ts";
import { nn, tf, train } from "../nn/names.ts";

const golden = goldenFile("augment", new URL("golden/", import.meta.url));
const { augment } = train;
type Picture = train.augment.FloatPicture;

const pictureOf = (name: string): Picture => {
  const { data, shape } = golden.get(name)!;
  return { data: data as Float32Array, height: shape[1], width: shape[2] };
};
const x = pictureOf("x");

/** Functions by the first word of a golden picture's name; the others are their arguments. */
const FUNCTIONS: Record<string, (picture: Picture, ...rest: never[]) => Picture> = {
  brightness: augment.brightness,
  contrast: augment.contrast,
  saturation: augment.saturation,
  hue: augment.hue,
  grayscale: augment.grayscale,
  flip: augment.flipHorizontally,
  solarize: augment.solarize,
  blur: augment.gaussianBlur,
  resize: augment.resizePicture,
};

describe("augmentations equal torchvision's", () => {
  for (const name of golden.keys()) {
    const [word, ...rest] = name.split(" ");
    if (!(word in FUNCTIONS)) continue;
    it(name, () => {
      const values = rest.map((one) => (Number.isNaN(Number(one)) ? one : Number(one)));
      const picture = FUNCTIONS[word](x, ...(values as never[]));
      assert.deepEqual([3, picture.height, picture.width], golden.get(name)!.shape);
      const worst = relativeDifference(picture.data, golden.get(name)!);
      assert.ok(worst < 1e-6, `${worst}`);
    });
  }

  it("cross-entropy with shares of classes", async () => {
    await nn.start();
    const tensor = (name: string) => tf.tensor(golden.get(name)!.data as Float32Array, golden.get(name)!.shape);
    const loss = augment.softCrossEntropy(tensor("logits"), tensor("shares")).dataSync()[0];
    assert.ok(Math.abs(loss - (golden.get("soft")!.data as Float32Array)[0]) < 1e-6);
  });
});

describe("random augmentations", () => {
  before(() => nn.start());
  it("crops have the drawn area and ratio, and lie inside", () => {
    const random = new nn.Prng(1, "crops");
    const crops = Array.from({ length: 4000 }, () => augment.randomCrop({ height: 400, width: 400 }, random));
    const areas = crops.map(({ height, width }) => (height * width) / 400 ** 2);
    for (const [i, { top, left, height, width }] of crops.entries()) {
      assert.ok(top >= 0 && left >= 0 && top + height <= 400 && left + width <= 400);
      assert.ok(areas[i] > 0.078 && areas[i] <= 1 && width / height > 0.74 && width / height < 1.35);
    }
    // Areas are even in [0.08, 1] where they fit at the drawn ratio e^u: those up to e^-|u|, which has the mean 0.478.
    const mean = areas.reduce((sum, area) => sum + area, 0) / areas.length;
    assert.ok(Math.abs(mean - 0.478) < 0.015, `${mean}`);
    assert.ok(Math.abs(crops.filter(({ width, height }) => width > height).length / 4000 - 0.5) < 0.03);
  });

  it("a picture that no crop fits is cut in the middle, at an allowed ratio", () => {
    const long = { height: 10, width: 100 };
    const crop = augment.randomCrop(long, new nn.Prng(1), { scale: [0.9, 1] });
    assert.deepEqual(crop, { top: 0, left: 43, height: 10, width: 13 });
    const tall = augment.randomCrop({ height: 100, width: 10 }, new nn.Prng(1), { scale: [0.9, 1] });
    assert.deepEqual(tall, { top: 43, left: 0, height: 13, width: 10 });
  });

  const recipe = augment.compose(
    augment.randomResizedCrop(8, { scale: [0.4, 1], filter: "bicubic" }),
    augment.randomFlip(),
    augment.colorJitter({ brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1, p: 0.8 }),
    augment.randomGrayscale(0.2),
    augment.randomBlur({ size: 3 }),
    augment.randomSolarize(),
  );

  it("one seed gives one picture, another seed another", () => {
    const draw = (seed: number): Float32Array => recipe(x, new nn.Prng(seed, "recipe")).data;
    assert.deepEqual(draw(3), draw(3));
    assert.notDeepEqual(draw(3), draw(4));
    assert.equal(draw(3).length, 3 * 8 * 8);
  });

  it("happen as often as they should, and change nothing otherwise", () => {
    const random = new nn.Prng(5, "shares");
    const share = (step: train.augment.Augmentation): number => {
      const changed = Array.from({ length: 800 }, () => step(x, random)).filter(({ data }) => data !== x.data);
      return changed.length / 800;
    };
    for (const [step, p] of [
      [augment.randomFlip(), 0.5],
      [augment.randomGrayscale(), 0.1],
      [augment.randomSolarize({ p: 0.3 }), 0.3],
      [augment.colorJitter({ hue: 0.2, p: 0.25 }), 0.25],
    ] as const)
      assert.ok(Math.abs(share(step) - p) < 0.06, `${p}`);
    assert.equal(share(augment.colorJitter({})), 0);
  });

  it("jitter changes in every order, within its bounds", () => {
    const gray = { data: new Float32Array(3).fill(0.5), height: 1, width: 1 };
    const values = Array.from(
      { length: 500 },
      (_, i) => augment.colorJitter({ brightness: 0.4 })(gray, new nn.Prng(i)).data[0],
    );
    assert.ok(Math.min(...values) >= 0.299 && Math.max(...values) <= 0.701);
    assert.ok(Math.min(...values) < 0.31 && Math.max(...values) > 0.69);
  });

  it("decoded pictures become channels of 0 to 1, normalized on request", () => {
    const bytes = { data: Uint8Array.of(255, 0, 51, 9, 0, 255, 0, 9), width: 2, height: 1, channels: 4 } as const;
    const picture = augment.toFloatPicture(bytes);
    assert.deepEqual([...picture.data], [1, 0, 0, 1, Math.fround(0.2), 0]);
    const gray = augment.toFloatPicture({ data: Uint8Array.of(51), width: 1, height: 1, channels: 1 });
    assert.deepEqual([...gray.data], [0.2, 0.2, 0.2].map(Math.fround));
    const normal = augment.normalizePicture(picture, [0.5, 0.5, 0.2], [0.5, 0.25, 1]);
    assert.deepEqual([...normal.data.slice(0, 4)], [1, -1, -2, 2]);
    const stacked = augment.stackPictures([picture, picture]);
    assert.deepEqual(stacked.shape, [2, 3, 1, 2]);
    assert.throws(() => augment.stackPictures([picture, x]), /one size, 1 x 2, received \[9, 12\]/);
  });

  it("mixes each sample with the one before it, with the same share as its target", () => {
    const batch = tf.tensor([1, 10, 100], [3, 1]);
    const targets = tf.tensor([1, 0, 0, 0, 1, 0, 0, 0, 1], [3, 3]);
    const random = new nn.Prng(2, "mix");
    const shares = Array.from({ length: 2000 }, () => {
      const mixed = augment.mixup(batch, targets, { alpha: 0.4, random });
      const share = mixed.targets.dataSync()[0];
      const expected = [share + (1 - share) * 100, 10 * share + (1 - share), 100 * share + (1 - share) * 10];
      mixed.x.dataSync().forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-3));
      tf.dispose([mixed.x, mixed.targets]);
      return share;
    });
    const mean = shares.reduce((sum, share) => sum + share, 0) / 2000;
    const variance = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / 2000;
    // Beta(a, a) has mean 1/2 and variance 1 / (4 (2 a + 1)).
    assert.ok(Math.abs(mean - 0.5) < 0.03, `${mean}`);
    assert.ok(Math.abs(variance - 1 / (4 * 1.8)) < 0.01, `${variance}`);
  });

  it("crops each row of each channel", () => {
    const part = augment.cropPicture(x, { top: 2, left: 3, height: 4, width: 5 });
    const at = ({ data, height, width }: Picture, c: number, row: number, column: number): number =>
      data[(c * height + row) * width + column];
    assert.deepEqual([part.height, part.width, part.data.length], [4, 5, 60]);
    for (let c = 0; c < 3; c++)
      for (let row = 0; row < 4; row++)
        for (let column = 0; column < 5; column++)
          assert.equal(at(part, c, row, column), at(x, c, 2 + row, 3 + column), `${c} ${row} ${column}`);
    assert.deepEqual(augment.cropPicture(x, { top: 0, left: 0, height: x.height, width: x.width }), x);
  });

  it("refuses what makes no sense", () => {
    const random = new nn.Prng(0);
    assert.throws(() => augment.gaussianBlur(x, 4, 1), /size must be odd and fit the picture/);
    assert.throws(() => augment.gaussianBlur(x, 19, 1), /size must be odd and fit the picture/);
    assert.throws(() => augment.colorJitter({ hue: 0.6 }), /hue at most 0.5/);
    assert.throws(() => augment.randomResizedCrop(0), /whole number of at least 1, received 0/);
    assert.throws(() => augment.cropPicture(x, { top: 5, left: 0, height: 5, width: 3 }), /must lie in 9 x 12/);
    assert.throws(() => augment.mixup(tf.ones([2]), tf.ones([2]), { alpha: 0, random }), /alpha must be above 0/);
    assert.throws(() => augment.normalizePicture(x, [0, 0, 0], [1, 0, 1]), /std above 0/);
  });
});
