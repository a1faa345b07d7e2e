import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import sharp from "sharp";
import * as world from "../../kernel/data/world";
import { layoutNames, WorldError, type Rendered, type Scene, type Split } from "../../kernel/data/world";
import { answer, look, theOne } from "./oracle.ts";

const base = mkdtempSync(join(tmpdir(), "layouts-"));
after(() => rmSync(base, { recursive: true, force: true }));

const COUNT = 6;
const SEED = 3;

const BUSY = (dir: string): string =>
  `WorldError: data.world.write: the split train must be written by one call at a time, this process writes it, received "${dir}"`;

/** The scene and image with an id, drawn apart from the writer. */
function draw(id: number, split: Split = "val"): { scene: Scene; image: Rendered } {
  const scene = world.crowd(id, { split });
  return { scene, image: world.render(scene) };
}

const json = <T>(...path: string[]): T => JSON.parse(readFileSync(join(...path), "utf8")) as T;

/** All files below a folder, hidden ones too, with their bytes. */
function tree(dir: string): Map<string, Buffer> {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  return new Map(paths.map((path) => [path.slice(dir.length), readFileSync(path)]));
}

interface Masked {
  readonly id: number;
  readonly image_id: number;
  readonly category_id: number;
  readonly instance_id?: number;
  readonly segmentation: { readonly size: [number, number]; readonly counts: number[] };
  readonly area: number;
  readonly bbox: number[];
}

interface CocoFile {
  readonly images: { readonly id: number; readonly file_name: string }[];
  readonly annotations: Masked[];
  readonly categories: { readonly id: number; readonly name: string }[];
}

/** COCO's run lengths, column by column, as a row-major mask. */
function decode({ size: [height, width], counts }: Masked["segmentation"]): boolean[] {
  const columns = counts.flatMap((run, i) => new Array<boolean>(run).fill(i % 2 === 1));
  assert.equal(columns.length, height * width);
  return Array.from(columns, (_, at) => columns[(at % width) * height + Math.floor(at / width)]);
}

function tightBox(mask: boolean[], width: number): number[] {
  const at = [...mask.keys()].filter((k) => mask[k]);
  const [xs, ys] = [at.map((k) => k % width), at.map((k) => Math.floor(k / width))];
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return [x, y, Math.max(...xs) - x + 1, Math.max(...ys) - y + 1];
}

function checkMask(mask: Masked, isOn: (at: number) => boolean): void {
  const decoded = decode(mask.segmentation);
  assert.ok(
    decoded.every((on, at) => on === isOn(at)),
    `annotation ${mask.id}`,
  );
  assert.equal(mask.area, decoded.filter(Boolean).length);
  assert.deepEqual(mask.bbox, tightBox(decoded, mask.segmentation.size[1]));
}

describe("world.write", () => {
  for (const layout of layoutNames)
    it(`gives the same bytes for ${layout}, in one go or stopped and taken up again`, async () => {
      const [whole, cut] = [join(base, layout), join(base, `${layout}-cut`)];
      const options = { layout, split: "val", count: COUNT, seed: SEED } as const;
      const seen: number[] = [];
      await world.write(whole, { ...options, onProgress: ({ done, total }) => seen.push(done / total) });
      assert.deepEqual(
        seen,
        [1, 2, 3, 4, 5, 6].map((done) => done / 6),
      );
      const stop = new AbortController();
      const stopAtThree = ({ done }: { done: number }): void => {
        if (done === 3) stop.abort(new Error("enough"));
      };
      await assert.rejects(world.write(cut, { ...options, signal: stop.signal, onProgress: stopAtThree }), /enough/);
      assert.deepEqual(readdirSync(cut), [".world_val.part"]);
      // A kill in the middle of a line leaves half of it.
      writeFileSync(join(cut, ".world_val.part", "records.jsonl"), '{"half', { flag: "a" });
      const rest: number[] = [];
      await world.write(cut, { ...options, onProgress: ({ done }) => rest.push(done) });
      assert.deepEqual(rest, [4, 5, 6]);
      assert.deepEqual(tree(cut), tree(whole));
      const before = tree(whole);
      await world.write(whole, { ...options, onProgress: () => assert.fail("a complete split is left as it is") });
      assert.deepEqual(tree(whole), before);
    });

  it("writes a split by one call at a time, and other splits of the folder beside it", async () => {
    const dir = join(base, "at-once");
    const write = (split: Split): Promise<unknown> => world.write(dir, { layout: "gqa", split, count: 2, size: 32 });
    const all = await Promise.allSettled([write("train"), write("train"), write("val")]);
    assert.deepEqual(
      all.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled"],
    );
    assert.deepEqual(String((all[1] as PromiseRejectedResult).reason), BUSY(dir));
    assert.equal(json<object[]>(dir, "llava_train.json").length, 2);
    assert.deepEqual(await write("train"), (all[0] as PromiseFulfilledResult<unknown>).value);
    assert.deepEqual(
      readdirSync(dir).filter((name) => name.startsWith(".")),
      [],
    );
  });

  it("puts splits beside each other, and gives them and other seeds other images", async () => {
    const dir = join(base, "splits");
    for (const split of ["train", "val", "test"] as const)
      await world.write(dir, { layout: "refcoco", split, count: 3, seed: SEED });
    await world.write(join(base, "seed"), { layout: "refcoco", split: "val", count: 3, seed: SEED + 1 });
    const images = [...tree(dir), ...tree(join(base, "seed"))].filter(([path]) => path.endsWith(".jpg"));
    assert.equal(images.length, 12);
    assert.equal(new Set(images.map(([, bytes]) => bytes.toString("base64"))).size, 12);
  });

  it("writes crowds of at most the wanted number of objects, and says so in their specification", async () => {
    const dir = join(base, "few");
    await world.write(dir, { layout: "refcoco", split: "val", count: 8, seed: SEED, objects: 2 });
    const { annotations } = json<CocoFile>(dir, "instances_val.json");
    const numbers = new Map<number, number>();
    for (const { image_id: image } of annotations) numbers.set(image, (numbers.get(image) ?? 0) + 1);
    assert.deepEqual([...new Set(numbers.values())].sort(), [1, 2]);
    assert.equal(json<{ objects: number }>(dir, "world_val.json").objects, 2);
    const other = { layout: "refcoco", split: "val", count: 8, seed: SEED } as const;
    await assert.rejects(world.write(dir, other), /was written with other options/);
  });

  it("refuses what it cannot write, and leaves the folder as it was", async () => {
    const dir = join(base, "other");
    mkdirSync(dir);
    writeFileSync(join(dir, "thesis.txt"), "mine");
    const file = join(dir, "thesis.txt");
    const cases: [string, object, RegExp][] = [
      [
        join(base, "x"),
        { layout: "voc" },
        /world\.write: layout must be one of coco, refcoco, dense, gqa, received "voc"/,
      ],
      [join(base, "x"), { layout: "coco", split: "dev" }, /split must be one of train, val, test, received "dev"/],
      [join(base, "x"), { layout: "coco", count: 0 }, /count must be an integer in 1\.\.100000, received 0/],
      [join(base, "x"), { layout: "coco", seed: 1e4 }, /seed must be an integer in 0\.\.9999, received 10000/],
      [join(base, "x"), { layout: "coco", objects: 6 }, /objects must be an integer in 1\.\.5, received 6/],
      [join(base, "x"), { layout: "coco", size: 31 }, /size must be an integer in 32\.\.512, received 31/],
      [dir, { layout: "coco", count: 1 }, /must be new, empty or one that world\.write made, received ".*other"/],
      [file, { layout: "coco", count: 1 }, /the folder must be one that can be written \(ENOTDIR\)/],
      [join(file, "below"), { layout: "coco", count: 1 }, /the folder must be one that can be written \(ENOTDIR\)/],
      [join(base, "coco"), { layout: "gqa", count: 1 }, /holds layout coco of 128 pixels/],
      [join(base, "coco"), { layout: "coco", split: "val", count: 7, seed: SEED }, /was written with other options/],
    ];
    const before = tree(base);
    for (const [path, options, message] of cases)
      await assert.rejects(world.write(path, options as never), (error: Error) => {
        assert.ok(error instanceof WorldError, String(error));
        assert.match(error.message, message);
        return true;
      });
    assert.deepEqual([...tree(base).keys()], [...before.keys()]);
    assert.ok(!existsSync(join(base, "x")));
  });
});

describe("the coco layout", () => {
  it("has the masks of the maps of instances and parts, with tight boxes", () => {
    const objects = json<CocoFile>(base, "coco/annotations/instances_val.json");
    const parts = json<CocoFile>(base, "coco/annotations/parts_val.json");
    assert.equal(objects.images.length, COUNT);
    for (const { id, file_name } of objects.images) {
      const { scene, image } = draw(id);
      assert.ok(existsSync(join(base, "coco/val", file_name)));
      const own = objects.annotations.filter((annotation) => annotation.image_id === id);
      assert.equal(own.length, scene.objects.length);
      own.forEach((annotation, i) => {
        checkMask(annotation, (at) => image.instances[at] === i + 1);
        const name = objects.categories.find((kind) => kind.id === annotation.category_id)?.name;
        assert.equal(name, scene.objects[i].category);
        const pieces = parts.annotations.filter((part) => part.instance_id === annotation.id);
        for (const piece of pieces)
          checkMask(piece, (at) => image.instances[at] === i + 1 && image.parts[at] === piece.category_id);
        // The parts tile the object.
        assert.equal(
          pieces.reduce((sum, piece) => sum + piece.area, 0),
          annotation.area,
        );
      });
    }
    for (const file of [objects, parts])
      assert.equal(new Set(file.annotations.map((annotation) => annotation.id)).size, file.annotations.length);
  });

  it("has captions that name every object", () => {
    const { annotations } = json<{ annotations: { image_id: number; caption: string }[] }>(
      join(base, "coco/annotations/captions_val.json"),
    );
    for (const { image_id, caption } of annotations)
      for (const { category, color } of draw(image_id).scene.objects)
        assert.match(caption, new RegExp(`\\b${color}( \\w+)? ${category}\\b`));
  });
});

describe("the refcoco layout", () => {
  it("has phrases that mean their object and no other", () => {
    interface Ref {
      ref_id: number;
      ann_id: number;
      image_id: number;
      sentences: { sent: string; tokens: string[] }[];
    }
    const refs = json<Ref[]>(base, "refcoco/refs_val.json");
    const objects = json<CocoFile>(base, "refcoco/instances_val.json");
    assert.ok(refs.length >= objects.annotations.length * 0.9);
    for (const { image_id, ann_id, sentences } of refs) {
      const { scene, image } = draw(image_id);
      for (const { sent, tokens } of sentences) {
        const { id } = theOne(sent, look(scene, image));
        const mask = objects.annotations.find((annotation) => annotation.id === ann_id);
        assert.ok(mask);
        checkMask(mask, (at) => image.instances[at] === id);
        assert.equal(tokens.join(" "), sent);
      }
    }
  });
});

describe("the gqa layout", () => {
  interface Asked {
    question: string;
    answer: string;
    imageId: string;
    types: { semantic: string };
  }
  const read = (): Record<string, Asked> => json(base, "gqa/val_balanced_questions.json");

  it("has answers that the scenes give too, and boxes of the objects that are asked about", () => {
    const graphs = json<Record<string, { objects: Record<string, { x: number; y: number; w: number; h: number }> }>>(
      join(base, "gqa/val_sceneGraphs.json"),
    );
    for (const { question, answer: given, imageId } of Object.values(read())) {
      const { scene, image } = draw(Number(imageId.split("_")[1]));
      assert.equal(answer(question, look(scene, image), world.parts), given, `${imageId}: ${question}`);
      for (const [id, { x, y, w, h }] of Object.entries(graphs[imageId].objects)) {
        const mask = Array.from(image.instances, (value) => value === Number(id));
        assert.deepEqual([x, y, w, h], tightBox(mask, 128));
      }
    }
  });

  it("has the same pairs as conversations", () => {
    interface Talk {
      image: string;
      conversations: { from: string; value: string }[];
    }
    const talks = json<Talk[]>(base, "gqa/llava_val.json");
    const pairs = talks.flatMap(({ conversations }) =>
      conversations.flatMap(({ from, value }, i) =>
        from === "human" ? [[value.replace("<image>\n", ""), conversations[i + 1].value]] : [],
      ),
    );
    assert.deepEqual(
      pairs,
      Object.values(read()).map(({ question, answer: given }) => [question, given]),
    );
    for (const { image, conversations } of talks) {
      assert.ok(existsSync(join(base, "gqa", image)));
      assert.equal(conversations.filter(({ value }) => value.includes("<image>")).length, 1);
    }
  });
});

describe("the dense layout", () => {
  const names = (): string[] => readFileSync(join(base, "dense/gt_sets/val.txt"), "utf8").trim().split("\n");

  async function map(kind: string, name: string): Promise<Buffer> {
    const picture = sharp(join(base, "dense", kind, `${name}.png`));
    const { channels } = await picture.metadata();
    assert.equal(channels, kind === "normals" ? 3 : 1);
    return (channels === 1 ? picture.extractChannel(0) : picture).raw().toBuffer();
  }

  it("has boundaries where a neighbour shows another object or part, and saliency where there is an object", async () => {
    assert.equal(names().length, COUNT);
    for (const name of names()) {
      const [parts, instances, edge, saliency, categories] = await Promise.all(
        ["parts", "instances", "edge", "saliency", "segmentation"].map((kind) => map(kind, name)),
      );
      const { scene, image } = draw(Number(name.split("_")[1]));
      assert.deepEqual(Buffer.from(image.parts), parts);
      for (let at = 0; at < edge.length; at++) {
        const [x, y] = [at % 128, Math.floor(at / 128)];
        const near = [
          [x - 1, y],
          [x + 1, y],
          [x, y - 1],
          [x, y + 1],
        ].filter(([nx, ny]) => nx >= 0 && ny >= 0 && nx < 128 && ny < 128);
        const differs = near.some(([nx, ny]) => {
          const k = ny * 128 + nx;
          return parts[k] !== parts[at] || instances[k] !== instances[at];
        });
        assert.equal(edge[at], differs ? 255 : 0, `${name} ${x} ${y}`);
        const object = scene.objects[image.instances[at] - 1];
        assert.equal(saliency[at], object ? 255 : 0);
        assert.equal(categories[at], 1 + world.categories.findIndex((kind) => kind.name === object?.category));
      }
    }
  });

  it("has normals of unit length, also in the files", async () => {
    for (const name of names()) {
      const { scene, image } = draw(Number(name.split("_")[1]));
      const { normals } = world.denseMaps(scene, image);
      const png = await map("normals", name);
      for (let at = 0; at < normals.length; at += 3) {
        assert.ok(Math.abs(Math.hypot(...normals.subarray(at, at + 3)) - 1) < 1e-6);
        assert.ok(normals[at + 2] > 0, "towards the viewer");
        for (let c = 0; c < 3; c++)
          assert.ok(Math.abs(png[at + c] / 127.5 - 1 - normals[at + c]) <= 0.5 / 127.5 + 1e-6);
      }
    }
  });

  it("has the normals of the shading: the light's inner product with them is the brightness of the picture", () => {
    let [compared, equal] = [0, 0];
    for (let seed = 0; seed < 30; seed++) {
      const scene = world.crowd(seed, { split: "val" });
      const image = world.render(scene);
      const { normals, boundaries } = world.denseMaps(scene, image);
      scene.objects.forEach(({ category, pose, palette, texture }, i) => {
        // The part named body is a boat's hull, in the second colour.
        if (category === "boat" || texture.name !== "plain") return;
        // Undo the pose on the normal, by solving A^T s = slopes.
        const turn = 2 * Math.PI * pose.rotation;
        const [c, s, kx] = [Math.cos(turn), Math.sin(turn), pose.mirrored ? -pose.narrowX : pose.narrowX];
        const [a, b] = [c * kx, c * pose.shear * pose.narrowY - s * pose.narrowY];
        const [d, e] = [s * kx, s * pose.shear * pose.narrowY + c * pose.narrowY];
        for (let at = 0; at < image.instances.length; at += 7) {
          if (image.instances[at] !== i + 1 || world.parts[image.parts[at]] !== "body" || boundaries[at]) continue;
          const [nx, ny, nz] = normals.subarray(at * 3, at * 3 + 3);
          const [u, v] = [(a * nx + d * ny) / nz, (b * nx + e * ny) / nz];
          const light = 1.06 + 0.03 * u - 0.16 * v;
          const expected = palette.body.map((channel) => Math.min(255, channel * light));
          const off = expected.map((value, k) => Math.abs(value - image.data[at * 3 + k]));
          compared++;
          equal += Number(Math.max(...off) < 1);
        }
      });
    }
    // The rest lies under the contour between two polygons of one part.
    assert.ok(compared > 300 && equal / compared > 0.9, `${equal} of ${compared}`);
  });
});
