/** Every view refuses an option that it does not know: a misspelt one would be ignored without a word. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RuleError, view } from "../../kernel/index.ts";

const views = [
  "alignment",
  "atlas",
  "attention",
  "correspondence",
  "gallery",
  "grounding",
  "law",
  "pca",
  "refinement",
  "review",
  "table",
  "training",
] as const;
type Loose = Record<string, (...args: unknown[]) => unknown>;

describe("options of views", () => {
  for (const name of [...views, "image", "images"] as const)
    it(`view.${name}`, async () => {
      const call = view as unknown as Loose;
      const parameters: Record<string, unknown[]> = {
        attention: ["a.png", {}],
        correspondence: ["a.png", "b.png", {}],
        grounding: [{}, []],
        alignment: [{ image: "a.png", patches: {}, tokens: {} }],
        law: [{ rows: [], encoders: [], benchmarks: [], predictors: [] }, {}],
        pca: [[], {}],
        table: [[{ a: 1 }], ["a"]],
      };
      const args = parameters[name] ?? [{}];
      await assert.rejects(
        async () => call[name](...args, { tilte: "misspelt" }),
        (error) => error instanceof RuleError && /options are .*, received "tilte"/.test(error.message),
      );
    });
});
