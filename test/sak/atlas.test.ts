import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import type { RawImage } from "../../kernel/data/image.ts";
import type { Preprocess } from "../../kernel/encoders/preprocess/preprocess.ts";
import { nn, sak, tf } from "./names.ts";
import { close, make, stir, teachers } from "./students.ts";

const plan: Preprocess = {
  inputSize: [12, 12],
  resize: "stretch",
  resizeTo: [12, 12],
  align: "center",
  interpolation: "bilinear",
  mean: [0.5, 0.5, 0.5],
  std: [0.25, 0.25, 0.25],
  rescale: 1 / 255,
  fill: "mean",
  cropRounding: "even",
};

const image = (seed: number): RawImage => {
  const random = new nn.Prng(seed, "atlas");
  return { data: Uint8Array.from({ length: 432 }, () => random.int(256)), width: 12, height: 12, channels: 3 };
};

describe("atlasOf", () => {
  let student: sak.Sak;
  let atlas: sak.SakAtlas;
  before(async () => {
    student = make();
    stir(student);
    atlas = await sak.atlasOf(student, { picture: image(1), preprocess: plan, pictures: [image(2), image(1)] });
  });
  const predictions = async (closed: readonly string[]): Promise<Record<string, Float32Array>> => {
    for (const name of closed) student.bypass(name);
    try {
      return await atlas.predict(null, []);
    } finally {
      for (const name of closed) student.bypass(name, false);
    }
  };

  it("names experts, levels and tasks, and shows the picture that the student sees", () => {
    assert.deepEqual(atlas.experts, ["stem", ...teachers]);
    assert.deepEqual(atlas.levels, ["stem", "1"]);
    assert.deepEqual(atlas.grid, [3, 3]);
    assert.deepEqual(
      atlas.tasks.map(({ name, kind, outputs }) => [name, kind, outputs]),
      [
        ["semseg", "classes", 3],
        ["depth", "values", 1],
      ],
    );
    assert.deepEqual(atlas.image, image(1));
    assert.equal(atlas.maps.length, 2);
    assert.ok(atlas.maps.flat().every((map) => map.length === 9 * atlas.channels));
  });

  it("has the routers' weights of this picture and of others", () => {
    for (const { weights, others } of atlas.tasks) {
      assert.equal(weights.length, 2 * 4);
      for (const level of [0, 1]) close([weights.subarray(4 * level, 4 * level + 4).reduce((a, b) => a + b)], [1]);
      close(others.subarray(8), weights);
      assert.notDeepEqual([...others.subarray(0, 8)], [...weights]);
    }
  });

  it("closes the paths of the teachers at these places, stem first, and opens them again", async () => {
    const whole = await atlas.predict(null, []);
    for (const [i, name] of teachers.entries()) {
      const found = await atlas.predict(null, [i + 1]);
      const expected = await predictions([name]);
      for (const task of ["semseg", "depth"]) {
        close(found[task]!, expected[task]!);
        assert.notDeepEqual([...found[task]!], [...whole[task]!], `${name} matters for ${task}`);
      }
    }
    assert.deepEqual(student.bypassed, []);
    student.bypass("clip");
    await atlas.predict(null, [2]);
    assert.deepEqual(student.bypassed, ["clip"], "a path that was closed before stays closed");
    student.bypass("clip", false);
  });

  it("takes the weights of one's own, and frees its tensors", async () => {
    const alone = await atlas.predict([1, 0, 0, 0], []);
    const other = await atlas.predict([0, 1, 0, 0], []);
    assert.notDeepEqual([...alone["depth"]!], [...other["depth"]!]);
    const tensors = tf.memory().numTensors;
    atlas.dispose();
    assert.ok(tf.memory().numTensors < tensors);
  });

  it("refuses a student without routers or tasks", async () => {
    const options = { picture: image(1), preprocess: plan };
    await assert.rejects(sak.atlasOf(make({ router: "none" }), options), /must have routers, received "none"/);
    await assert.rejects(sak.atlasOf(make({ tasks: {} }), options), /must have tasks/);
  });
});
