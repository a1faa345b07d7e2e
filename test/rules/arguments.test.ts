import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fovea from "../../kernel/index.ts";
import { RuleError } from "../../kernel/rules/rule-error.ts";
import { checkArguments } from "../../kernel/rules/arguments.ts";

const {
  data,
  encoders,
  features,
  grounding,
  law,
  lora,
  models,
  nn,
  onnx,
  safetensors,
  similarity,
  tasks,
  train,
  widgets,
} = fovea;
const wrong = (value: unknown): never => value as never;
const tokens = { data: new Float32Array(8), width: 2 };

describe("arguments of the wrong kind", () => {
  const calls: [call: () => unknown, message: RegExp][] = [
    [() => law.logME(wrong(undefined), []), /^law\.logME: features must be an object, received undefined$/],
    [() => law.logME(wrong({}), []), /^law\.logME: features\.data must be an array of numbers, received undefined$/],
    [() => law.logME(tokens, wrong(5)), /^law\.logME: targets must be an array, received 5$/],
    [() => similarity.mutualKnn(tokens, wrong("x")), /^similarity\.mutualKnn: y must be an object, received "x"$/],
    [() => similarity.linearCka(wrong([]), tokens), /^similarity\.linearCka: x must be an object, received \[\]$/],
    [() => tasks.boxes.iou(wrong(undefined), [0, 0, 1, 1]), /^tasks\.boxes\.iou: a box must be 4 finite numbers, /],
    [() => tasks.boxes.generalizedIou([0, 0, 1, 1], wrong([1])), /^tasks\.boxes\.generalizedIou: .*, received \[1\]$/],
    [
      () => tasks.boxes.toCenter(wrong(null)),
      /^tasks\.boxes\.toCenter: box must be an array of numbers, received null$/,
    ],
    [() => tasks.probe.knn(wrong({}), wrong({})), /^tasks\.probe\.knn: train\.features must be an array of numbers/],
    [
      () => tasks.probe.linear(wrong(null), wrong(null)),
      /^tasks\.probe\.linear: train must be an object, received null$/,
    ],
    [() => tasks.probe.evaluate(wrong(5), wrong(5)), /^tasks\.probe\.evaluate: train must be an object, received 5$/],
    [
      () => data.world.ask(wrong(undefined), [], wrong({})),
      /^data\.world\.ask: scene must be an object, received undefined$/,
    ],
    [
      () => data.world.ask(data.world.scene(1), wrong([null]), wrong({})),
      /^data\.world\.ask: objects\[0\] must be an object, /,
    ],
    [() => data.world.render(wrong("x")), /^data\.world\.render: scene must be an object, received "x"$/],
    [() => models.summary(wrong(5), wrong([])), /^models\.summary: /],
    [() => models.load(wrong(5)), /^models\.load: source must be a text, received 5$/],
    [
      () => grounding.evaluate(wrong({}), wrong({})),
      /^grounding\.evaluate: model must be a module of layers, received an/,
    ],
    [() => features.extractPart(wrong(null), 0), /^features\.extractPart: plan must be an object, received null$/],
    [() => features.status(wrong({})), /^features\.status: plan\.options must be an object, received undefined$/],
    [() => law.policy(wrong(undefined)), /^law\.policy: the table must be one of law\.parseTable or/],
    [
      () => law.policy(wrong({ rows: [{}], encoders: [], benchmarks: [] })),
      /^law\.policy: rows\[0\]\.encoder must be a text, received undefined$/,
    ],
    [() => law.fit(wrong({ rows: [null], encoders: [], benchmarks: [] })), /^law\.fit: rows\[0\] must be an object, /],
    [() => law.cScore(wrong(null), []), /^law\.cScore: encoder must be an object, received null$/],
    [() => law.cScore(wrong({}), []), /^law\.cScore: encoder\.run must be an object, received undefined$/],
    [() => law.cScore(wrong({}), wrong(5)), /^law\.cScore: pairs must be an array, received 5$/],
    [
      () => law.centerTokens(new Float32Array(4), 0),
      /^law\.centerTokens: channels must be a whole number of at least 1, received 0$/,
    ],
    [
      () => law.centerTokens(new Float32Array(4), 2, new Float64Array(1)),
      /^law\.centerTokens: mean must have 2 channels, received 1$/,
    ],
    [
      () => law.normalizeTokens(new Float32Array(4), 3),
      /^law\.normalizeTokens: tokens must be whole rows of 3 channels, received 4$/,
    ],
    [() => law.normalizeTokens(wrong(null), 2), /^law\.normalizeTokens: tokens must be an array of numbers, /],
    [() => law.aScore(wrong(undefined), {}), /^law\.aScore: targets must be an array, received undefined$/],
    [
      () => law.aScore([tokens], wrong({ clip: [null] })),
      /^law\.aScore: references\.clip\[0\] must be an object, received null$/,
    ],
    [
      () => law.baseline("same-position", wrong([{ source: {}, target: {} }])),
      /^law\.baseline: pairs\[0\]\.source\.size must be an array of numbers, received undefined$/,
    ],
    [
      () => law.baseline("same-position", [], { alphas: wrong(5) }),
      /^law\.baseline: alphas must be an array of numbers/,
    ],
    [() => law.divideCScore(wrong([{}])), /^law\.divideCScore: pairs\[0\]\.source must be an object, /],
    [() => law.mergeCScore([], wrong([{}])), /^law\.mergeCScore: parts\[0\]\.layers must be an array, /],
    [
      () => law.fit(law.publishedTable(), { predictors: wrong(5) }),
      /^law\.fit: predictors must be an array, received 5$/,
    ],
    [() => law.plan(law.publishedTable(), { predictors: wrong(5) }), /: predictors must be an array, received 5$/],
    [
      () => law.policy({ ...law.publishedTable(), rows: [] }),
      /^law\.policy: every benchmark needs encoders, received "mmbench_en"$/,
    ],
    [
      () => law.policy({ ...law.publishedTable(), benchmarks: [] }),
      /^law\.policy: the table must have a benchmark, received \[\]$/,
    ],
    [() => law.policy(law.publishedTable(), { strategies: wrong(5) }), /^law\.policy: strategies must be an array, /],
    [
      () => law.predict(wrong({ terms: [null], coefficients: [], scales: { score: [0, 1] } }), {}),
      /^law\.predict: model\.terms\[0\] must be a text, received null$/,
    ],
    [() => law.summarize(wrong([{}]), [0.1]), /^law\.summarize: outcomes\[0\]\.results must be an array, /],
    [() => law.publishedTable({ extra: wrong(5) }), /^law\.publishedTable: extra must be an array, received 5$/],
    [() => fovea.hub.settings(wrong(null)), /^hub\.settings: env must be an object, received null$/],
    [() => onnx.format(wrong({})), /^onnx\.format: seen\.parameters must be a number, received undefined$/],
    [
      () => fovea.view.image(wrong({ width: 1, height: 1, channels: 1 })),
      /^view\.image: data must be an array of numbers, /,
    ],
    [
      () => fovea.view.image({ data: new Uint8Array(1), width: 1, height: 1, channels: 1 }, { boxes: wrong([null]) }),
      /^view\.image: boxes\[0\] must be an object, received null$/,
    ],
    [() => fovea.view.table([{ a: 1 }], wrong([null])), /^view\.table: columns\[0\] must be a text, received null$/],
    [
      () => new fovea.view.TrainingView(wrong([{}]), "x"),
      /^view\.TrainingView: runs\[0\]\.observe must be a function, received undefined$/,
    ],
    [
      () => data.world.render(wrong({ backdrop: { horizon: [0, 0], sky: [], clutter: [null] } })),
      /^data\.world\.render: scene\.backdrop\.clutter\[0\] must be an object, received null$/,
    ],
    [
      () => data.world.factsOf(data.world.scene(1), wrong({ width: 1, height: 1 })),
      /^data\.world\.factsOf: image\.instances must be an array of numbers, received undefined$/,
    ],
    [
      () => data.world.ask(data.world.scene(1), wrong([{}]), 1),
      /^data\.world\.ask: objects\[0\]\.box must be an array of numbers, received undefined$/,
    ],
    [() => widgets.intSlider({ layout: wrong(null) }), /^widgets\.intSlider: layout must be an object, received null$/],
    [() => widgets.hbox([], { layout: wrong(5) }), /^widgets\.hbox: layout must be an object, received 5$/],
    [() => widgets.button({ style: wrong([]) }), /^widgets\.button: style must be an object, received \[\]$/],
    [
      () => features.listImages("features.listImages", wrong([null])),
      /^features\.listImages: images\[0\] must be a text, received null$/,
    ],
    [() => widgets.datePicker(wrong(null)), /^widgets\.datePicker: options must be an object, received null$/],
    [
      () => widgets.dropdown({ options: [1], labels: wrong(5) }),
      /^widgets\.dropdown: labels must be an array, received 5$/,
    ],
    [
      () => widgets.anywidget({ esm: "export default {}", css: wrong(5) }),
      /^widgets\.anywidget: css must be a text, received 5$/,
    ],
    [() => widgets.until(wrong(null), wrong("value")), /^widgets\.until: model must be an object, received null$/],
    [() => features.batches(wrong({})), /^features\.batches: folder\.run must be an object, received undefined$/],
    [
      () => encoders.concatenate(wrong([{}])),
      /^encoders\.concatenate: maps\[0\]\.grid must be an array, received undefined$/,
    ],
    [
      () => new encoders.FeatureMap(wrong({})),
      /^encoders\.FeatureMap: fields\.data must be an array of numbers, received undefined$/,
    ],
    [() => lora.readAdapter("none", { adapter: wrong(5) }), /^lora\.readAdapter: adapter must be a text, received 5$/],
    [() => lora.convert("none", { adapter: wrong(null) }), /^lora\.convert: adapter must be a text, received null$/],
    [() => lora.inspect("none", { adapter: wrong([]) }), /^lora\.inspect: adapter must be a text, received \[\]$/],
    [
      () => lora.gateActivity(wrong({}), {}, () => undefined),
      /^lora\.gateActivity: adapters\.gates must be a function, received undefined$/,
    ],
    [
      () => new lora.AdaptedLayer(wrong(null), wrong({})),
      /^lora\.AdaptedLayer: base_layer must be a module of layers, received null$/,
    ],
    [
      () => new lora.SavedModule(wrong(5), wrong({})),
      /^lora\.SavedModule: original_module must be a module of layers, received 5$/,
    ],
    [
      () => models.mergeTokens(wrong({ shape: [1, 4, 2], dataSync: () => [] }), wrong(null), 2),
      /^models\.mergeTokens: grid must be an array of numbers, received null$/,
    ],
    [
      () => models.splitTokens(wrong({ shape: [1, 4, 2], dataSync: () => [] }), wrong(5), 2),
      /^models\.splitTokens: grid must be an array of numbers, received 5$/,
    ],
    [
      () => new models.VisionLanguageModel({ features: 8, grid: [2, 2], languageModel: wrong(null) }),
      /^models\.VisionLanguageModel: languageModel must be an object, received null$/,
    ],
    [
      () => models.toOnnx(wrong({ namedParameters: () => [], forward: () => 1 }), { inputs: wrong(undefined) }),
      /^models\.toOnnx: inputs must be an object, received undefined$/,
    ],
    [
      () => models.toOnnx(wrong({ namedParameters: () => [], forward: () => 1 }), { inputs: { x: wrong(null) } }),
      /^models\.toOnnx: inputs\.x must be an array, received null$/,
    ],
    [() => models.trainable(wrong({})), /^models\.trainable: encoder\.network must be an object, received undefined$/],
    [
      () => fovea.studies.summarize(wrong({ settings: {}, runs: [] })),
      /^studies\.summarize: study\.settings\.methods must be an array, received undefined$/,
    ],
    [
      () => fovea.studies.pairedDifference(wrong({ runs: [null] }), "a", "b"),
      /^studies\.pairedDifference: study\.runs\[0\] must be an object, received null$/,
    ],
    [
      () => fovea.studies.summarizeGrounding(wrong({ settings: { methods: [] }, runs: [null] })),
      /^studies\.summarizeGrounding: study\.runs\[0\] must be an object, received null$/,
    ],
    [
      () => fovea.studies.summarizeLawMiniature(wrong({ settings: { representations: 5 }, runs: [] })),
      /^studies\.summarizeLawMiniature: study\.settings\.representations must be an array, received 5$/,
    ],
    [
      () => new fovea.vce.Vce(8, { indices: wrong([null]) }),
      /^vce\.\w+: indices\[0\] must be a number, received null$/,
    ],
    [() => law.publishedTable(wrong(null)), /^law\.publishedTable: options must be an object, received null$/],
    [() => lora.attach(wrong({}), wrong({})), /^lora\.attach: model must be a module of layers, received an object/],
    [() => new nn.Linear(wrong("x"), 2), /^nn\.Linear: inFeatures must be a whole number of at least 1, received "x"$/],
    [() => new nn.LayerNorm(NaN), /^nn\.LayerNorm: features must be a whole number of at least 1, received NaN$/],
    [() => nn.gelu(wrong([1])), /^nn\.gelu: x must be a tensor, received \[1\]$/],
    [() => onnx.inspect(wrong(null)), /^onnx\.inspect: the model must be a file, its bytes or a source of them, /],
    [() => safetensors.parse(wrong("x")), /^safetensors\.parse: bytes must be a Uint8Array, received "x"$/],
    [() => safetensors.encode(wrong({})), /^safetensors\.encode: tensors must be a Map, received an object/],
    [() => encoders.concatenate(wrong([5])), /^encoders\.concatenate: maps\[0\] must be an object, received 5$/],
    [
      () => train.augment.contrast(wrong({}), 1),
      /^train\.augment\.contrast: picture\.data must be an array of numbers, /,
    ],
    [() => widgets.intSlider(wrong(null)), /^widgets\.intSlider: options must be an object, received null$/],
    [
      () => widgets.hbox(wrong(undefined)),
      /^widgets\.hbox: children must be widgets that are open, received undefined$/,
    ],
    [() => fovea.displayHandle("x", wrong(null)), /^displayHandle: options must be an object, received null$/],
  ];
  for (const [call, message] of calls)
    it(`are refused: ${String(call).replace(/^\(\) => /, "")}`, () =>
      assert.rejects(
        async () => call(),
        (error: Error) => {
          assert.match(error.message, message);
          assert.ok(error instanceof RuleError, `${error.name} is a RuleError`);
          return true;
        },
      ));

  it("are told apart by every kind", () => {
    const good = {
      array: [],
      bytes: new Uint8Array(1),
      function: () => 1,
      list: new Float64Array(1),
      map: new Map(),
      module: { namedParameters: () => [] },
      number: NaN,
      object: {},
      size: 1,
      string: "",
      tensor: { shape: [1], dataSync: () => [] },
    };
    const others = [undefined, null, 0.5, true, Symbol("x"), new DataView(new ArrayBuffer(1))];
    for (const [kind, value] of Object.entries(good)) {
      const check = (one: unknown): void => checkArguments("f", RuleError, { one }, { one: kind as "array" });
      check(value);
      for (const other of others)
        if (!(kind === "number" && other === 0.5) && !(kind === "object" && other instanceof DataView))
          assert.throws(() => check(other), /^RuleError: f: one must be /, `${kind}, ${String(other)}`);
    }
    assert.throws(() => checkArguments("f", RuleError, { one: [{ a: 1 }, {}] }, { one: [{ a: "number" }] }), {
      message: "f: one[1].a must be a number, received undefined",
    });
    checkArguments("f", RuleError, { one: Object.assign(() => 1, { run: [] }) }, { one: { run: "array" } });
  });
});
