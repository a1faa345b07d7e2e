/** Every public function and constructor refuses an option that it does not know: a misspelt one would be ignored without a word. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import ts from "typescript";
import * as fovea from "../../kernel/index.ts";
import { optionsParameters } from "./option-checks.ts";

const KERNEL = join(import.meta.dirname, "..", "..", "kernel");

/** Objects that are no options, by the reason why they may hold more than the function reads. */
const EXCEPTIONS: Record<string, string[]> = {
  "A scene of the world, with more in it than one function reads.": [
    "data.world.factsOf(scene)",
    "data.world.denseMaps(scene)",
    "data.world.ask(scene)",
    "data.world.reading(scene)",
    "data.world.render(scene)",
  ],
  "Features, pictures, boxes and tables: data, which may carry more.": [
    "encoders.preprocess(plan)",
    "grounding.loss(predictions)",
    "law.fit(table)",
    "law.plan(table)",
    "law.policy(table)",
    "law.replayPlan(table)",
    "law.transfer(from)",
    "law.transfer(to)",
    "tasks.answers.logits(sight)",
    "tasks.answers.loss(sight)",
    "tasks.answers.scoreSeeing(sight)",
    "tasks.dense.cellsOf(geometry)",
    "view.law(table)",
  ],
  "Tensors of a forward pass, which one layer hands to the next with what those below need.": [
    "grounding.QueryDecoder.forward(memory)",
    "grounding.QueryDecoder.last(memory)",
    "grounding.QueryDecoderLayer.forward({ … })",
    "grounding.SimVg.forward(input)",
    "grounding.SimVg.features(input)",
    "models.Beit3.forward({ … })",
    "nn.Attention.forward({ … })",
    "nn.Block.forward(call)",
  ],
  "Made by the library from options that it has checked.": [
    "new encoders.FeatureMap(fields)",
    "new features.FeatureFolder(run)",
    "new models.Beit3Encoder(config)",
    "new models.Beit3VisionEmbedding({ … })",
    "new models.Beit3Attention(config)",
    "new models.Beit3FeedForward(config)",
    "new models.Beit3Layer(config)",
  ],
  "The config.json of transformers, which has keys for training and generation too.": [
    "new models.LanguageModel(config)",
  ],
  "An object of the caller that has the observer's methods among others, as a view has.": [
    "train.TrainingControl.observe(observer)",
  ],
  "Plotly's configuration, which plotly defines.": ["view.plotly(config)"],
};

const compiler: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.Node16,
  moduleResolution: ts.ModuleResolutionKind.Node16,
  strict: true,
};

describe("options of the public interface", () => {
  it("have their names checked, but for the exceptions", () => {
    const index = join(KERNEL, "index.ts");
    const found = optionsParameters(ts.createProgram([index], compiler), index);
    const unchecked = found.filter(({ isChecked }) => !isChecked).map(({ name }) => name);
    assert.deepEqual(unchecked.sort(), Object.values(EXCEPTIONS).flat().sort());
    assert.ok(found.length - unchecked.length > 200, `${found.length} objects found`);
  });
});

describe("the search for unchecked options", () => {
  const folder = mkdtempSync(join(tmpdir(), "fovea-option-checks-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const uncheckedIn = (source: string): string[] => {
    const file = join(folder, "index.ts");
    const check = "function checkOptionNames(where: string, options: object): void { void [where, options]; }\n";
    writeFileSync(file, `${check}interface Some { a?: number; b?: number }\n${source}`);
    const found = optionsParameters(ts.createProgram([file], compiler), file);
    assert.ok(found.length, "the options are found");
    return found.filter(({ isChecked }) => !isChecked).map(({ name }) => name);
  };
  const checked = {
    "a check": "export function f(options: Some) { checkOptionNames('f', options); }",
    "a check in another function":
      "const g = (x: Some) => checkOptionNames('g', x);\nexport const f = (o: Some) => g({ ...o, a: 1 });",
    "what is left of the object":
      "const g = (x: Some) => checkOptionNames('g', x);\nexport const f = ({ a, ...rest }: Some) => [a, g(rest)];",
    "a property that is a parameter":
      "export class F { constructor(readonly options: Some) { checkOptionNames('F', options); } }",
    "the body of an overload":
      "export function f(o: Some): void;\nexport function f(o: Some, b: 1): void;\nexport function f(o: Some): void { checkOptionNames('f', o); }",
  };
  for (const [name, source] of Object.entries(checked))
    it(`follows ${name}`, () => assert.deepEqual(uncheckedIn(source), []));

  const swallowing: [source: string, name: string][] = [
    ["export function f({ a = 1 }: Some = {}) { return a; }", "f({ … })"],
    ["export function f(options: Some) { return options.a; }", "f(options)"],
    [
      "export function f(options: Some, other: object) { checkOptionNames('f', other); return options.a; }",
      "f(options)",
    ],
    ["export function f(options: Some): number { return options.a ? f(options) : 0; }", "f(options)"],
    ["export class F { constructor({ a }: { a?: number }) { void a; } }", "new F({ … })"],
    ["export class F { run(options: Some) { return options.b; } }", "F.run(options)"],
  ];
  for (const [source, name] of swallowing)
    it(`finds ${name} in ${source.slice(0, 40)}…`, () => assert.deepEqual(uncheckedIn(source), [name]));
});

describe("a misspelt option", () => {
  const { comms, display, grounding, law, models, nn, sak, studies, tasks, train } = fovea;
  const stray = { sedes: 1 };
  const call = <T>(options: object): T => ({ ...options, ...stray }) as T;
  const calls: Record<string, () => unknown> = {
    "law.aligner": () => law.aligner(call({})),
    "grounding.QueryDecoder": () =>
      new grounding.QueryDecoder(8, call({ layers: 1, heads: 1, hiddenFeatures: 8, dropout: 0 })),
    "grounding.QueryDecoderLayer": () =>
      new grounding.QueryDecoderLayer(8, call({ heads: 1, hiddenFeatures: 8, dropout: 0 })),
    "grounding.parameters": () => grounding.parameters(call({})),
    "models.vitConfig": () => models.vitConfig("vit_small_patch16_224", call({})),
    "models.VisionTransformer": () => new models.VisionTransformer(call({})),
    "models.VisionTransformer rotary": () => new models.VisionTransformer({ rotary: call({}) }),
    "models.beit3Config": () => models.beit3Config("beit3_base_patch16_224", call({})),
    "models.VisionLanguageModel": () => new models.VisionLanguageModel(call({})),
    "sak.SakRouter": () => new sak.SakRouter(8, 2, call({})),
    "studies.answerStudy": () => studies.answerStudy(call({})),
    "studies.answerStudy settings": () => studies.answerStudy({ settings: call(studies.ANSWERS_SHORT), folder: "" }),
    "studies.openAnswers": () => studies.openAnswers(call({})),
    "studies.groundingStudy": () => studies.groundingStudy(call({})),
    "studies.groundingStudy settings": () =>
      studies.groundingStudy({ settings: call(studies.GROUNDING_SHORT), folder: "" }),
    "studies.lawMiniature": () => studies.lawMiniature(call({})),
    "studies.lawMiniature settings": () =>
      studies.lawMiniature({ settings: call(studies.LAW_MINIATURE_SHORT), folder: "" }),
    "tasks.answers.loadPictures": () => tasks.answers.loadPictures(call({})),
    "tasks.dense.BatchNorm": () => new tasks.dense.BatchNorm(8, call({})),
    "tasks.dense.DenseHead": () => new tasks.dense.DenseHead(call({ channels: 8, outputs: 1 })),
    "tasks.dense.suppress": () => tasks.dense.suppress([0], 1, 1, call({})),
    "train.augment.randomCrop": () => train.augment.randomCrop({ width: 8, height: 8 }, new nn.Prng(1), call({})),
    "nn.start": () => nn.start("wasm", call({})),
    display: () => display("text", call({})),
    "comms.open": () => comms.open("target", call({})),
  };
  for (const [name, make] of Object.entries(calls))
    it(`is refused by ${name}`, () =>
      assert.rejects(async () => make(), {
        message: new RegExp(`^${name.replaceAll(".", "\\.")}: options are .*, received "sedes"$`),
      }));
});
