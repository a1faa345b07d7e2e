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

  it("reading draws its sign upright, in one square of the picture", () => {
    const seeds = Array.from({ length: 200 }, (_, seed) => seed);
    const drawn = seeds.map((seed) => ({ seed, ...drawText(seed, "test") })).filter(({ sign }) => sign === "l");
    assert.ok(drawn.length > 2);
    for (const { seed, picture } of drawn) {
      const { width, data } = picture;
      const bare = render(crowd(seed, { split: "test" })).data;
      const changed = Array.from({ length: width * picture.height }, (_, at) => at).filter((at) =>
        [0, 1, 2].some((c) => data[3 * at + c] !== bare[3 * at + c]),
      );
      const [xs, ys] = [changed.map((at) => at % width), changed.map((at) => Math.floor(at / width))];
      const [left, top] = [Math.min(...xs), Math.min(...ys)];
      const [w, h] = [Math.max(...xs) - left + 1, Math.max(...ys) - top + 1];
      assert.ok(Math.max(w, h) <= 52 && Math.abs(w - h) <= 6 && changed.length > 0.7 * w * h, `${w} x ${h} pixels`);
      // The ink of an L: a stem on the left, a foot below, nothing between its ends.
      const ink = changed.filter((at) => data[3 * at] + data[3 * at + 1] + data[3 * at + 2] < 330);
      const share = (test: (x: number, y: number) => boolean): number =>
        ink.filter((at) => test((at % width) - left - w / 2, Math.floor(at / width) - top - h / 2)).length / ink.length;
      assert.ok(share((x) => x < 0) > 0.6, `${share((x) => x < 0)} of the ink lies on the left`);
      assert.ok(share((_, y) => y > 0) > 0.55, `${share((_, y) => y > 0)} of the ink lies below`);
      assert.ok(share((x, y) => x > 0 && y < 0) < 0.1, "nothing lies on the right above");
    }
  });

  it("reading lays the sign over the scene in its own colors", () => {
    const inks = ["20,20,28", "122,20,32", "18,60,122", "28,90,42"];
    for (let seed = 0; seed < 12; seed++) {
      const { data } = drawText(seed, "test").picture;
      const bare = render(crowd(seed, { split: "test" })).data;
      const counts = new Map<string, number>();
      const changed = Array.from({ length: data.length / 3 }, (_, at) => [...data.slice(3 * at, 3 * at + 3)].join());
      for (const [at, color] of changed.entries())
        if (color !== [...bare.slice(3 * at, 3 * at + 3)].join()) counts.set(color, (counts.get(color) ?? 0) + 1);
      const [paper, ink] = [...counts].sort(([, a], [, b]) => b - a).map(([color]) => color);
      assert.ok(
        paper.split(",").every((value) => Number(value) >= 225 && Number(value) < 255),
        paper,
      );
      assert.ok(inks.includes(ink), ink);
      for (const [at, value] of data.entries()) {
        const c = at % 3;
        const ends = [bare[at], Number(paper.split(",")[c]), Number(ink.split(",")[c])];
        assert.ok(value === bare[at] || (value >= Math.min(...ends) - 1 && value <= Math.max(...ends) + 1));
      }
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
