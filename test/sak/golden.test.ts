import assert from "node:assert/strict";
import { it } from "node:test";
import { distill } from "../../kernel/sak/distill.ts";
import { type DistillationOptions, distillationLoss } from "../../kernel/sak/loss.ts";
import { DenseHead } from "../../kernel/tasks/dense/head.ts";
import { resizeBilinear } from "../../kernel/tasks/dense/resize.ts";
import { onEveryDevice } from "../nn/devices.ts";
import { assertClose, below, checkFunction, checkModule, goldenFile, tensorOf } from "../nn/golden.ts";
import type { FeatureLevel } from "../../kernel/features/index.ts";
import { type models, nn, sak, tf, type Tensor } from "./names.ts";

const golden = goldenFile("sak", new URL("golden/", import.meta.url));

const stem: models.VitConfig = { imgSize: 12, patchSize: 4, embedDim: 8, depth: 2, numHeads: 2, mlpRatio: 2 };
const levels: FeatureLevel[] = ["stem", 1];
const teachers = ["dino", { name: "clip", width: 6 }];
const tasks = { semseg: 3, depth: 1 };
const TOLERANCE = { tolerance: 3e-5 };

const makeModel = (options: Partial<sak.SakConfig> = {}): sak.Sak =>
  new sak.Sak({ stem, levels, teachers, tasks, ...options }).eval();

/** A path alone, with the width of its teacher. */
function makePath(width: number): sak.SakPath {
  const model = makeModel({ teachers: [{ name: "only", width }], tasks: {} });
  const path = model.paths.get("only")!;
  model.stem.dispose();
  return path;
}

onEveryDevice("students of several teachers like PyTorch", () => {
  it("adapter: output and every gradient", () => {
    checkModule(
      golden,
      "adapter",
      () => new sak.SakAdapter(8),
      (adapter, x) => adapter.forward(x),
      TOLERANCE,
    );
  });

  for (const [name, width] of [
    ["path", 8],
    ["path-aligned", 6],
  ] as const)
    it(`${name}: every level and every gradient`, () => {
      checkModule(
        golden,
        name,
        () => makePath(width),
        (path, ...streams) => tf.stack(path.align(path.forward(streams)), 1),
        TOLERANCE,
      );
    });

  for (const [name, options] of [
    ["router", {}],
    ["router-noise", {}],
    ["router-plain", { noisyGating: false }],
    ["router-sparse", { topK: 2 }],
  ] as const)
    it(`${name}: weights and every gradient`, () => {
      checkModule(
        golden,
        name,
        () => new sak.SakRouter(8, 4, options).eval(),
        (router, z, noise) => router.weights(router.logits(z), undefined, noise),
        TOLERANCE,
      );
    });

  for (const [name, isTraining] of [
    ["head", true],
    ["head-eval", false],
  ] as const)
    it(`${name}: output, every gradient and the running statistics`, async () => {
      const heads: DenseHead[] = [];
      const make = (): DenseHead => {
        heads.push(new DenseHead({ channels: 8, levels: 2, outputs: 3 }).train(isTraining));
        return heads[0];
      };
      checkModule(golden, name, make, (head, ...maps) => head.forward(maps, [3, 4], [12, 16]), TOLERANCE);
      if (!isTraining) return;
      const head = new DenseHead({ channels: 8, levels: 2, outputs: 3 });
      nn.loadState(head, below(golden, `${name}/p.`));
      const maps = [0, 1].map((i) => tensorOf(golden.get(`${name}/x${i}`)!));
      tf.dispose(head.forward(maps, [3, 4], [12, 16]));
      for (const [key, expected] of below(golden, `${name}/after.`))
        assertClose(head.namedParameters().get(key)!.value, expected, 1e-5, key);
    });

  for (const [name, grid] of [
    ["resize-up", [7, 6]],
    ["resize-down", [2, 3]],
  ] as const)
    it(`${name}: output and gradient`, () => {
      checkFunction(golden, name, (x) => resizeBilinear(x, grid));
    });

  const losses: Record<string, DistillationOptions> = {
    "kd-map": {},
    "kd-token": { cosine: "token", cosineWeight: 0.5, smoothWeight: 0.5 },
    "kd-relational": { relationalWeight: 2 },
  };
  const grids = {
    equal: [
      [3, 4],
      [3, 4],
    ],
    lower: [
      [2, 3],
      [4, 4],
    ],
    higher: [
      [4, 3],
      [2, 5],
    ],
  } as const;
  for (const [name, options] of Object.entries(losses))
    for (const [kind, [own, other]] of Object.entries(grids))
      it(`${name}, the student's grid ${kind}: loss, gradient, and none in the teacher`, () => {
        checkFunction(golden, `${name}-${kind}`, (s, t) =>
          tf.mean(distillationLoss({ tokens: s, grid: own }, { tokens: t, grid: other }, options)),
        );
      });

  for (const [name, router] of [
    ["model", "mor"],
    ["model-sum", "none"],
  ] as const)
    it(`${name}: predictions and every gradient`, () => {
      const forward = (model: sak.Sak, x: Tensor): Tensor => {
        const { semseg, depth } = model.forward(x);
        return tf.concat([semseg, depth], 1);
      };
      checkModule(golden, name, () => makeModel({ router }), forward, TOLERANCE);
    });

  it("distilled: the loss of stage 1 over teachers of unequal grids and widths, and every gradient", () => {
    const maps = [0, 1, 2, 3].map((i) => golden.get(`distilled/x${i + 1}`)!);
    const gridOf = (i: number): [number, number] =>
      (
        [
          [3, 3],
          [3, 3],
          [4, 2],
          [2, 5],
        ] as [number, number][]
      )[i];
    const given = maps.map(({ data, shape }, i) => ({
      data: data as Float32Array,
      grid: gridOf(i),
      channels: shape[2],
    }));
    const plain = new Map([...golden].filter(([key]) => !/^distilled\/d?x[1-4]$/.test(key)));
    checkModule(
      plain,
      "distilled",
      () => makeModel({ tasks: {} }),
      (model, x) => distill(model, model.features(x), { dino: given.slice(0, 2), clip: given.slice(2) }).loss,
      TOLERANCE,
    );
    assert.ok(given.every(({ data }) => data.some((value) => value !== 0)));
  });
});
