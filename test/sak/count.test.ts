import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { models, nn, sak } from "./names.ts";

const PASCAL = { semseg: 21, parts: 7, normals: 3, edge: 1, saliency: 2 };
const NYUD = { semseg: 40, normals: 3, edge: 1, depth: 1 };
const teachers = ["dinov2", "clip", "sam"];

const count = (size: "small" | "base" | "large", imgSize: models.VitConfig["imgSize"], tasks = {}): sak.SakParameters =>
  sak.parameters({ stem: models.vitConfig(`vit_${size}_patch16_384`, { imgSize }), teachers, tasks });

/** Weights of a module without the running statistics, which PyTorch counts as buffers. */
const weightsOf = (module: nn.Module): number =>
  [...module.namedParameters()].reduce((sum, [name, { size }]) => sum + (/running_/.test(name) ? 0 : size), 0);

// Counted from the shapes of arXiv 2410.14633 with ViT-S, B and L at 512 x 512; totals match its printed millions.
const PUBLISHED = {
  small: {
    stem: 21_982_848,
    adapter: 74_209,
    adapters: 2_894_151,
    norms: 9_216,
    router: 75_848,
    routers: 1_516_960,
    heads: 7_393_570,
    total: 33_796_745,
  },
  base: {
    stem: 86_433_024,
    adapter: 295_873,
    adapters: 11_539_047,
    norms: 18_432,
    router: 299_144,
    routers: 5_982_880,
    heads: 29_532_706,
    total: 133_506_089,
  },
  large: {
    stem: 304_147_456,
    adapter: 525_569,
    adapters: 39_417_675,
    norms: 24_576,
    router: 529_928,
    routers: 10_598_560,
    heads: 52_484_130,
    total: 406_672_397,
  },
} as const;

describe("numbers of parameters", () => {
  before(() => nn.start("native"));

  for (const [size, published] of Object.entries(PUBLISHED))
    it(`equal the published ones on PASCAL-Context: ${size}`, () => {
      const found = count(size as keyof typeof PUBLISHED, 512, PASCAL);
      assert.deepEqual(found, { ...published, aligners: 0 });
    });

  for (const [size, total, routers, heads] of [
    ["small", 32_015_348, 1_213_568, 5_921_709],
    ["base", 126_404_372, 4_786_304, 23_639_853],
  ] as const)
    it(`equal the published ones on NYUD-v2 at 448 x 576: ${size}`, () => {
      const found = count(size, [448, 576], NYUD);
      assert.deepEqual([found.total, found.routers, found.heads], [total, routers, heads]);
    });

  for (const [size, multi, singles] of [
    ["small", 29_377_186, 117_311_650],
    ["base", 115_967_266, 461_705_506],
    ["large", 356_633_634, 1_573_231_650],
  ] as const)
    it(`give the multi-task and the five single-task models: ${size}`, () => {
      const stem = models.vitParameters(models.vitConfig(`vit_${size}_patch16_384`, { imgSize: 512 }));
      const { heads } = count(size, 512, PASCAL);
      // The baselines keep the final norm, two numbers a channel.
      assert.equal(stem - count(size, 512).stem, 2 * { small: 384, base: 768, large: 1024 }[size]);
      assert.deepEqual([stem + heads, 5 * stem + heads], [multi, singles]);
    });

  it("are those of the module, with every option", () => {
    const stem = { imgSize: [8, 12], patchSize: 4, embedDim: 16, depth: 4, numHeads: 2 } as const;
    const base = { stem, teachers: ["a", { name: "b", width: 5 }], tasks: { one: 3, two: 1 } };
    const variants: Partial<sak.SakConfig>[] = [
      {},
      { noisyGating: false },
      { router: "none" },
      { levels: ["stem", 1, 3], headWidth: 12, topK: 1 },
      { tasks: {} },
    ];
    for (const variant of variants) {
      const config = { ...base, ...variant };
      const [model, counted] = [new sak.Sak(config), sak.parameters(config)];
      assert.equal(weightsOf(model), counted.total + counted.aligners);
      assert.equal(weightsOf(model.stem), counted.stem);
      assert.equal(weightsOf(model.dropAligners()), counted.total);
      model.dispose();
    }
  });
});
