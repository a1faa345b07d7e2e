import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { drawText } from "../../../kernel/tasks/answers/drawn-text.ts";
import { answers } from "../../../kernel/tasks/index.ts";
import { crowd } from "../../../kernel/data/world/scenes/crowd.ts";
import { render } from "../../../kernel/data/world/draw/render.ts";

describe("benchmarks of the world", () => {
  it("are eight", () =>
    assert.deepEqual([...answers.benchmarkNames].sort(), [
      "category",
      "color",
      "comparison",
      "count",
      "existence",
      "part",
      "reading",
      "relation",
    ]));

  for (const name of answers.benchmarkNames)
    it(`${name}: the same questions every time, of its type, with more than one answer`, () => {
      const items = answers.benchmark(name, { count: 24 });
      assert.equal(items.length, 24);
      const again = answers.benchmark(name, { count: 12 });
      again.forEach((item, i) => {
        assert.deepEqual([item.id, item.question, item.answer], [items[i].id, items[i].question, items[i].answer]);
        assert.deepEqual(item.picture.data, items[i].picture.data);
      });
      assert.ok(items.every(({ answer, choices }) => choices.includes(answer)));
      assert.ok(new Set(items.map(({ answer }) => answer)).size > 1);
      assert.equal(new Set(items.map(({ id }) => id)).size, 24);
      const others = answers.benchmark(name, { count: 12, split: "train" });
      assert.notDeepEqual(others[0].picture.data, items[0].picture.data);
    });

  it("reading draws letters and digits evenly on a plate within the picture", () => {
    const drawn = Array.from({ length: 60 }, (_, seed) => drawText(seed, "test"));
    const digits = drawn.filter(({ isDigit }) => isDigit).length;
    assert.ok(digits > 18 && digits < 42, `${digits} digits of 60`);
    for (const [seed, { picture }] of drawn.slice(0, 8).entries()) {
      const bare = render(crowd(seed, { split: "test" }));
      const changed = picture.data.reduce((sum, value, at) => sum + Number(value !== bare.data[at]), 0) / 3;
      assert.ok(changed > 0.6 * 19 ** 2 && changed < 52 ** 2, `${changed} pixels`);
    }
  });

  it("have scores beside chance and the most frequent answer", () => {
    const choices = ["yes", "no"];
    const items = ["yes", "yes", "no", "yes"].map((answer) => ({ question: "?", answer, choices }));
    const score = answers.scoreBenchmark(items, ["YES ", "yes", "no", "no"], [...items].reverse());
    assert.deepEqual(
      [score.accuracy, score.chance, score.majority, score.questions, score.isAbove],
      [0.75, 0.5, 0.75, 4, false],
    );
    // SciPy's binomtest(3, 4).proportion_ci(method="wilson").
    assert.deepEqual(
      score.interval.map((end) => end.toFixed(6)),
      ["0.300642", "0.954413"],
    );
    const many = Array.from({ length: 400 }, (_, i) => items[i % 4]);
    assert.equal(
      answers.scoreBenchmark(
        many,
        many.map(({ answer }) => answer),
        items,
      ).isAbove,
      true,
    );
    assert.equal(answers.scoreBenchmark(items, ["yes", "yes", "yes", "yes"]).majority, null);
  });

  it("refuse a single class, other numbers of answers, and unknown names", () => {
    const one = [{ question: "?", answer: "yes", choices: ["yes", "no"] }];
    assert.throws(() => answers.scoreBenchmark(one, ["yes"]), /more than one answer, received "yes"/);
    assert.throws(() => answers.scoreBenchmark(one, []), /there must be 1 answers, received 0/);
    assert.throws(() => answers.scoreBenchmark([], []), /there must be a question/);
    for (const items of [null, [null], [{ answer: "yes" }], [{ answer: "maybe", choices: ["yes"] }], [undefined]])
      assert.throws(() => answers.scoreBenchmark(items as never, ["yes"]), { name: "TaskError" });
    for (const given of [null, [null], [1], "y"])
      assert.throws(() => answers.scoreBenchmark(one, given as never), /answers must be a list of text/);
    assert.throws(() => answers.scoreBenchmark(one, ["yes"], 5 as never), /questions must be a list/);
    assert.throws(() => answers.benchmark("counts" as never), /benchmarks are existence, count/);
    assert.throws(() => answers.benchmark("count", { split: "dev" as never }), /splits are train, val, test/);
    assert.throws(() => answers.benchmark("count", { count: 0 }), /count must be/);
    assert.throws(() => answers.benchmark("count", { seed: 0 } as never), /options are split, count/);
  });

  it("become VLMEvalKit's questions", async () => {
    const questions = await answers.benchmarkQuestions("reading", { count: 3 });
    const items = answers.benchmark("reading", { count: 3 });
    questions.forEach(({ options = {}, answer = "", image = "", category }, i) => {
      assert.equal(options[answer], items[i].answer);
      assert.ok(image.startsWith("iVBOR"));
      assert.equal(category, "reading");
    });
  });
});
