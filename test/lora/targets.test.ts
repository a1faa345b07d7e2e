import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { nn } from "../nn/names.ts";
import { Model } from "./model.ts";
import { lora } from "./names.ts";

const Q0 = "layers.0.self_attn.q_proj";
const Q1 = "layers.1.self_attn.q_proj";
const V0 = "layers.0.self_attn.v_proj";
const V1 = "layers.1.self_attn.v_proj";

describe("which layers an adapter means", () => {
  before(() => nn.start("cpu"));

  function matched(options: lora.AdapterOptions): lora.Targets {
    const model = new Model();
    const adapters = lora.attach(model, options);
    const targets = adapters.matched("default");
    const adapted = [...model.namedModules()].filter(([, module]) => module instanceof lora.AdaptedLayer);
    assert.deepEqual(
      adapted.map(([name]) => name),
      targets.adapted,
      "exactly those that it lists",
    );
    adapters.detach();
    model.dispose();
    return targets;
  }

  const CASES: [string, lora.AdapterOptions, string[]][] = [
    ["ends of names", { targetModules: ["q_proj"] }, [Q0, Q1]],
    ["longer ends", { targetModules: ["0.self_attn.q_proj", "head"] }, [Q0, "head"]],
    ["no part of a name's part", { targetModules: ["proj", "q_proj"] }, [Q0, Q1]],
    ["a regular expression over the whole name", { targetModules: "layers\\.1\\..*_proj" }, [Q1, V1]],
    ["Python's named groups", { targetModules: "layers\\.(?P<n>\\d)\\.self_attn\\.v_proj" }, [V0, V1]],
    ["Python's classes and anchors", { targetModules: "\\Alayers\\.[]0]\\.self_attn\\.[qv]_proj\\Z" }, [Q0, V0]],
    ["Python's flags", { targetModules: "all-linear", excludeModules: "(?i).*V_PROJ|HEAD" }, [Q0, Q1]],
    ["all-linear", { targetModules: "all-linear" }, [Q0, V0, Q1, V1, "head"]],
    [
      "exclusions win",
      { targetModules: ["q_proj", "v_proj"], excludeModules: ["layers.1.self_attn.v_proj"] },
      [Q0, V0, Q1],
    ],
    ["exclusions by expression", { targetModules: "all-linear", excludeModules: ".*v_proj|head" }, [Q0, Q1]],
    ["layers by number", { targetModules: ["q_proj", "head"], layersToTransform: [1] }, [Q1]],
    ["layers by an expression", { targetModules: ["v_proj"], layersToTransform: 1, layersPattern: "l\\w{,5}" }, [V1]],
    ["one layer by pattern", { targetModules: ["v_proj"], layersToTransform: 0, layersPattern: "layers" }, [V0]],
    ["saved modules are not adapted", { targetModules: ["q_proj", "head"], modulesToSave: ["head"] }, [Q0, Q1]],
    ["the paper's targets for Dual-LoRA", { peftType: "DUAL_LORA" }, [Q0, V0, Q1, V1]],
  ];
  for (const [name, options, expected] of CASES) it(name, () => assert.deepEqual(matched(options).adapted, expected));

  it("names what meant nothing in this model", () => {
    assert.deepEqual(matched({ targetModules: ["q_proj", "query"], modulesToSave: ["score"] }).unused, [
      "query",
      "score",
    ]);
  });

  it("ranks and alphas by the first pattern that matches, scaling by each", () => {
    const model = new Model();
    const adapters = lora.attach(model, {
      targetModules: ["q_proj", "v_proj"],
      r: 4,
      loraAlpha: 8,
      useRslora: true,
      rankPattern: { "layers.1.*v_proj": 2, v_proj: 3 },
      alphaPattern: { q_proj: 6 },
    });
    const modules = model.namedModules();
    const of = (name: string) => {
      const { r, scaling } = (modules.get(name) as lora.AdaptedLayer).adapters.get("default")!;
      return [r, scaling];
    };
    assert.deepEqual([Q0, V0, V1].map(of), [
      [4, 6 / 2],
      [3, 8 / Math.sqrt(3)],
      [2, 8 / Math.sqrt(2)],
    ]);
    adapters.detach();
    model.dispose();
  });

  it("a layer under two names has one set of adapters", () => {
    const model = new Model();
    Object.assign(model, { tied: model.head });
    const adapters = lora.attach(model, { targetModules: ["head", "tied"] });
    const modules = model.namedModules();
    assert.equal(modules.get("head"), modules.get("tied"));
    assert.equal(adapters.parameters("default").size, 2);
    adapters.detach();
    model.dispose();
  });
});
