import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import * as world from "../../kernel/data/world";
import { figure } from "../../kernel/data/world/things/categories";
import { heldOutColors, splits, type Rendered, type Scene } from "../../kernel/data/world";

const sha = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const draw = (seed: number, options = {}): Rendered => world.render(world.scene(seed, options));
const many = <T>(count: number, make: (seed: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

describe("world.scene and world.render", () => {
  it("gives the same bytes for the same seed on every platform", () => {
    const all = many(12, (seed) => draw(seed, { split: "test" }));
    const bytes = Buffer.concat(all.flatMap((image) => [image.data, image.parts, image.instances]));
    // Recorded from Node 20 on x86-64 when the released encoders were trained.
    assert.equal(sha(bytes), "f653724f884024680a3c6fa7f06d065efd62555b260ab5559dab1609c49fcf7b");
  });

  it("draws every category, and puts its keypoints, where they were when the encoders were trained", () => {
    const drawn = world.categories.map(({ name }) => draw(3, { category: name, companion: 0, occlusion: 0 }));
    const points = drawn.flatMap((image) =>
      image.keypoints.map(({ name, x, y }) => [name, x.toFixed(3), y.toFixed(3)]),
    );
    const bytes = Buffer.concat([...drawn.map((image) => image.data), Buffer.from(JSON.stringify(points))]);
    assert.equal(sha(bytes), "d62a188366a7f1fd01b9c4e7e656caa45e953a8facfb7fc3c55fb266697c64d0");
  });

  it("gives other images for other seeds, splits, views and categories", () => {
    const hashes = [draw(1), draw(2), draw(1, { split: "val" }), draw(1, { view: 1 }), draw(1, { category: "mug" })];
    assert.equal(new Set(hashes.map((image) => sha(image.data))).size, hashes.length);
  });

  it("returns maps of the image's size and scenes that survive JSON", () => {
    const scene = world.scene(3, { size: 96 });
    const image = world.render(JSON.parse(JSON.stringify(scene)) as Scene);
    assert.equal(image.data.length, 96 * 96 * 3);
    assert.equal(image.parts.length, 96 * 96);
    assert.equal(sha(image.data), sha(world.render(scene).data));
  });

  it("shows a keypoint exactly when the instance map shows its object within a pixel", () => {
    for (const image of many(60, (seed) => draw(seed))) {
      for (const { x, y, visible, name } of image.keypoints) {
        assert.equal(visible, shows(image, x, y), `${image.category} ${name}`);
      }
    }
  });

  it("keeps visible keypoints in the tight box, give or take a pixel", () => {
    for (const { box, keypoints } of many(60, (seed) => draw(seed, { split: "val" }))) {
      for (const { x, y } of keypoints.filter((point) => point.visible)) {
        assert.ok(x >= box[0] - 2 && x <= box[2] + 2 && y >= box[1] - 2 && y <= box[3] + 2);
      }
    }
  });

  it("places every keypoint of an uncovered object on the object", () => {
    for (const { name } of world.categories) {
      for (const seed of [0, 1, 2, 3, 4, 5]) {
        const image = draw(seed, { category: name, companion: 0, occlusion: 0 });
        const inside = image.keypoints.filter(({ x, y }) => x >= 0 && y >= 0 && x < 128 && y < 128);
        const lost = inside.filter((point) => !point.visible).map((point) => point.name);
        assert.deepEqual(lost, [], name);
      }
    }
  });

  it("hides more than one keypoint in twelve", () => {
    const points = many(200, (seed) => draw(seed)).flatMap((image) => image.keypoints);
    const hidden = points.filter((point) => !point.visible).length / points.length;
    assert.ok(hidden > 1 / 12 && hidden < 0.2, `${hidden}`);
  });

  it("keeps the shape of an instance over its views, and changes the pose", () => {
    const [a, b] = [world.scene(5), world.scene(5, { view: 1 })];
    assert.deepEqual(a.objects[0]?.shape, b.objects[0]?.shape);
    assert.equal(a.objects[0]?.category, b.objects[0]?.category);
    assert.notDeepEqual(a.objects[0]?.pose, b.objects[0]?.pose);
  });

  it("draws disjoint instances in the splits", () => {
    const shapes = splits.map((split) => new Set(many(150, (seed) => shapeOf(world.scene(seed, { split })))));
    const union = new Set(shapes.flatMap((set) => [...set]));
    assert.equal(union.size, 450);
  });

  it("keeps held-out colours for the test split", () => {
    const heldIn = (split: "train" | "val" | "test"): boolean[] =>
      many(300, (seed) => world.scene(seed, { split })).flatMap(({ objects }) =>
        objects.map(({ category, color }) => heldOutColors(category).includes(color)),
      );
    assert.ok(!heldIn("train").includes(true) && !heldIn("val").includes(true));
    const test = heldIn("test");
    const share = test.filter(Boolean).length / test.length;
    assert.ok(share > 0.3 && share < 0.5, `${share}`);
  });

  it("mirrors no category whose keypoints name left and right", () => {
    for (const { name, keypoints, mirrors } of world.categories) {
      assert.equal(mirrors, !keypoints.some((point) => /\b(left|right)\b/.test(point)), name);
    }
    const mirrored = many(80, (seed) => world.scene(seed, { category: "house" }).objects[0]?.pose.mirrored);
    assert.ok(!mirrored.includes(true));
  });

  it("has 14 categories of 8 to 10 keypoints, and part types that several categories share", () => {
    assert.equal(world.categories.length, 14);
    for (const { keypoints } of world.categories) assert.ok(keypoints.length >= 8 && keypoints.length <= 10);
    const users = (part: string): number =>
      world.categories.filter((spec) => spec.parts.some((p) => p === part)).length;
    for (const part of ["eye", "wheel", "wing", "leg", "tail", "window", "handle"]) assert.ok(users(part) >= 3, part);
  });

  it("maps the same place of an object to the same template coordinates in every view", () => {
    const places = [0, 1, 2].map((view) =>
      templateAt(draw(11, { category: "fish", view, companion: 0, occlusion: 0 }), "eye"),
    );
    for (const [x, y] of places) {
      assert.ok(
        Math.abs(x - (places[0]?.[0] ?? 0)) <= 6 && Math.abs(y - (places[0]?.[1] ?? 0)) <= 6,
        `${places.join(" ")}`,
      );
    }
  });

  it("takes template coordinates from the figure of average shape, whatever the instance's", () => {
    for (const category of ["fish", "mug", "car"] as const) {
      const image = draw(11, { category, companion: 0, occlusion: 0 });
      const places = figure(category).keypoints.filter(([name]) =>
        image.keypoints.some((point) => point.name === name),
      );
      assert.ok(places.length > 1, category);
      for (const [name, ...place] of places)
        templateAt(image, name).forEach((byte, i) =>
          assert.ok(Math.abs(byte - (place[i] + 1.25) * 102) <= 12, `${category}'s ${name}: ${byte}`),
        );
    }
  });

  it("names the rule and the value of a bad option", () => {
    assert.throws(() => world.scene(-1), /world\.scene: seed must be an integer in \[0, 2\^53\), received -1/);
    assert.throws(() => world.scene(0, { size: 7 }), /size must be an integer in 32\.\.512, received 7/);
    assert.throws(
      () => world.scene(0, { category: "dragon" as "fish" }),
      /world\.scene: legal categories are airplane, .* received "dragon"/,
    );
  });
});

function shapeOf(scene: Scene): string {
  return JSON.stringify([scene.objects[0]?.category, scene.objects[0]?.shape]);
}

function shows({ instances, width, height }: Rendered, x: number, y: number): boolean {
  if (x < 0 || y < 0 || x >= width || y >= height) return false;
  const near = (v: number, limit: number): number[] =>
    [-1, 0, 1].map((d) => Math.floor(v) + d).filter((c) => c >= 0 && c < limit);
  return near(y, height).some((row) => near(x, width).some((column) => instances[row * width + column] === 1));
}

function templateAt(image: Rendered, name: string): [number, number] {
  const point = image.keypoints.find((candidate) => candidate.name === name);
  assert.ok(point);
  const at = Math.floor(point.y) * image.width + Math.floor(point.x);
  return [image.template.x[at] ?? 0, image.template.y[at] ?? 0];
}
