import { it } from "node:test";
import { onEveryDevice } from "../nn/devices.ts";
import { checkModule, goldenFile } from "../nn/golden.ts";
import { nn } from "../nn/names.ts";
import { lora } from "./names.ts";

const golden = goldenFile("branches", new URL("golden/", import.meta.url));

class Model extends nn.Module {
  constructor(readonly proj: nn.Linear | nn.Conv1D | nn.Embedding) {
    super();
  }
}

/** One layer of a model with an adapter of rank 4 and scaling 1.5. */
function checkCase(
  name: string,
  options: Partial<lora.AdapterOptions>,
  layer: () => Model["proj"] = () => new nn.Linear(6, 7),
): void {
  const make = (): Model => {
    const model = new Model(layer());
    lora.attach(model, {
      r: 4,
      loraAlpha: 6,
      loraDropout: 0,
      targetModules: ["proj"],
      ...options,
    } as lora.AdapterOptions);
    return model;
  };
  checkModule(golden, name, make, (model, x) => model.proj.forward(x));
}

onEveryDevice("adapted layers, forward and every gradient", () => {
  it("LoRA and DoRA as PEFT 0.21.2 computes them", () => {
    checkCase("lora", {});
    checkCase("lora-bias", { loraBias: true });
    checkCase("dora", { useDora: true });
  });

  it("LoRA and DoRA on GPT-2's kind of layer and on an embedding", () => {
    for (const [suffix, useDora] of [
      ["", false],
      ["-dora", true],
    ] as const) {
      checkCase(`conv1d${suffix}`, { useDora }, () => new nn.Conv1D(6, 7));
      checkCase(`embedding${suffix}`, { useDora }, () => new nn.Embedding(6, 7));
    }
  });

  for (const gate of ["relu", "sigmoid", "softmax-blocks", "none"] as const)
    it(`Dual-LoRA with gate ${gate}, with and without norm, as PyTorch computes the formula`, () => {
      const dual = { peftType: "DUAL_LORA", gate, gateBlocks: 2 } as const;
      checkCase(`dual-${gate}-norm`, { ...dual, useNorm: true });
      checkCase(`dual-${gate}-plain`, { ...dual, useNorm: false });
    });

  for (const router of ["softmax", "top-k", "rectified"] as const)
    it(`a mixture of three experts with router ${router}, as a loop over experts in PyTorch`, () => {
      checkCase(`moe-${router}`, { peftType: "MOE_LORA", experts: 3, topK: 2, router });
    });
});
