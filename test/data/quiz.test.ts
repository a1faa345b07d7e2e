import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import * as world from "../../kernel/data/world";
import { heldOutColors, splits, type Quiz, type QuizOptions } from "../../kernel/data/world";
import { answer, look, theOne } from "./oracle.ts";

const quizzes = (count: number, options: QuizOptions = {}): Quiz[] =>
  Array.from({ length: count }, (_, seed) => world.quiz(seed, options));
const many = quizzes(400, { perType: 2 });

describe("world.crowd", () => {
  it("gives the same pixels and questions for the same seed on every platform", () => {
    const hash = createHash("sha256");
    for (const { image, questions } of quizzes(10, { split: "test" }))
      hash.update(image.data).update(image.instances).update(JSON.stringify(questions));
    // Recorded from Node 20 on x86-64.
    assert.equal(hash.digest("hex"), "8f059a2762c804796204ff101150de7cbcdd322348a35ab1fe7d0eb4247b6d39");
  });

  it("has one to five objects that lie in the image, apart from each other, and show for the better part", () => {
    for (const { scene, image } of many.slice(0, 60)) {
      assert.ok(scene.objects.length >= 1 && scene.objects.length <= 5);
      assert.equal(world.factsOf(scene, image).length, scene.objects.length);
      scene.objects.forEach((object, i) => {
        const alone = world.render({ ...scene, objects: [object], occluders: [] });
        const share = count(image.instances, i + 1) / count(alone.instances, 1);
        assert.ok(share > 0.5 && share <= 1, `seed ${scene.seed}, object ${i + 1}: ${share}`);
      });
    }
  });

  it("has at most the wanted number of objects, every number of them, and larger ones than it has by default", () => {
    const drawn = (objects?: number): world.Scene[] =>
      Array.from({ length: 120 }, (_, seed) => world.crowd(seed, { objects }));
    const scaleOf = (scenes: readonly world.Scene[]): number => {
      const scales = scenes.flatMap(({ objects }) => objects.map(({ pose }) => pose.scale));
      return scales.reduce((sum, scale) => sum + scale, 0) / scales.length;
    };
    const few = drawn(3);
    assert.deepEqual([...new Set(few.map(({ objects }) => objects.length))].sort(), [1, 2, 3]);
    assert.ok(scaleOf(few) > 1.1 * scaleOf(drawn()));
    assert.deepEqual(drawn(5), drawn());
    assert.ok(drawn(1).every(({ objects }) => objects.length === 1));
  });

  it("draws disjoint instances in the splits, in crowds and in scenes", () => {
    const shapes = splits.map((split) => {
      const objects = Array.from({ length: 150 }, (_, seed) => [
        ...world.crowd(seed, { split }).objects,
        ...world.scene(seed, { split }).objects,
      ]).flat();
      return new Set(objects.map(({ category, shape }) => JSON.stringify([category, shape])));
    });
    const sum = shapes.reduce((total, set) => total + set.size, 0);
    assert.ok(sum > 3 * 150 * 2);
    assert.equal(new Set(shapes.flatMap((set) => [...set])).size, sum);
  });

  it("keeps held-out colours for the test split", () => {
    const held = ({ scene }: Quiz): boolean[] =>
      scene.objects.map(({ category, color }) => heldOutColors(category).includes(color));
    assert.ok(!many.flatMap(held).includes(true));
    const test = quizzes(200, { split: "test" }).flatMap(held);
    assert.ok(test.filter(Boolean).length / test.length > 0.25);
  });

  it("names the rule and the value of a bad option", () => {
    assert.throws(() => world.crowd(1.5), /world\.crowd: seed must be an integer in \[0, 2\^53\), received 1\.5/);
    for (const objects of [0, 6, 1.5])
      assert.throws(
        () => world.crowd(1, { objects }),
        new RegExp(`world\\.crowd: objects must be a whole number in 1\\.\\.5, received ${objects}`),
      );
    assert.throws(() => world.crowd(1, { occlusion: 2 }), /occlusion must be a probability in \[0, 1\], received 2/);
    assert.throws(
      () => world.quiz(1, { perType: 0 }),
      /world\.quiz: perType must be an integer in 1\.\.10, received 0/,
    );
  });
});

function count(instances: Uint8Array, id: number): number {
  return instances.reduce((sum, value) => sum + Number(value === id), 0);
}

describe("referring phrases", () => {
  it("mean one object and no other, and name nearly every object", () => {
    let [named, all, byPart] = [0, 0, 0];
    for (const { scene, image } of many.slice(0, 200)) {
      const [things, facts] = [look(scene, image), world.factsOf(scene, image)];
      for (const { id } of facts) {
        const phrases = world.phrasesFor(id, facts, scene.size, { parts: true });
        const usual = world.phrasesFor(id, facts, scene.size);
        assert.deepEqual(phrases.slice(0, usual.length), usual);
        assert.ok(usual.every((phrase) => !phrase.includes(" with ")));
        byPart += phrases.length - usual.length;
        for (const phrase of phrases) {
          assert.equal(theOne(phrase, things).id, id, `seed ${scene.seed}: ${phrase}`);
          assert.deepEqual(world.resolve(phrase, facts, scene.size), [id]);
        }
        named += Number(phrases.length > 0);
        all++;
      }
    }
    assert.ok(named / all > 0.98, `${named} of ${all}`);
    assert.ok(byPart > all, `${byPart} phrases by a part`);
  });

  it("that may mean several objects resolve to all of them", () => {
    const { scene, image } = many.find((item) => item.scene.objects.filter((o) => o.category === "cat").length === 3)!;
    const facts = world.factsOf(scene, image);
    assert.equal(world.resolve("the cat", facts, scene.size).length, 3);
    assert.deepEqual(world.resolve("the cat left of the cat left of the cat", facts, scene.size).length, 1);
    assert.throws(
      () => world.resolve("a cat", facts, scene.size),
      /world\.resolve: a phrase must read "the \[superlative\].*", received "a cat"/,
    );
  });
});

describe("world.quiz", () => {
  const questions = many.flatMap((item) => item.questions);

  it("has answers that a second reading of the question gives too", () => {
    for (const { scene, image, questions: asked } of many) {
      const things = look(scene, image);
      for (const { question, answer: given, type } of asked) {
        assert.equal(answer(question, things, world.parts), given, `seed ${scene.seed}: ${question}`);
        assert.ok(world.answers[type].includes(given), given);
      }
    }
  });

  it("asks no question twice of an image, and all types", () => {
    for (const item of many)
      assert.equal(new Set(item.questions.map((asked) => asked.question)).size, item.questions.length);
    const counts = world.questionTypes.map((type) => questions.filter((asked) => asked.type === type).length);
    assert.ok(Math.min(...counts) > 200, counts.join(" "));
  });

  it("has balanced answers in every split", () => {
    for (const split of splits) {
      const asked =
        split === "train" ? questions : quizzes(200, { split, perType: 2 }).flatMap((item) => item.questions);
      for (const type of world.questionTypes) {
        const chance = 1 / world.answers[type].length;
        const share = majority(asked.filter((item) => item.type === type).map((item) => item.answer));
        // The most frequent of 14 answers in some 350 questions is above its share by luck alone.
        assert.ok(share < Math.max(chance + 0.06, chance * 1.5), `${split} ${type}: ${share} beside ${chance}`);
      }
    }
  });

  it("tells little by the question alone: the most frequent answer to the same words is near chance", () => {
    const held = quizzes(300, { split: "val", perType: 2 }).flatMap((item) => item.questions);
    const votes = new Map<string, string[]>();
    for (const item of questions) votes.set(item.question, [...(votes.get(item.question) ?? []), item.answer]);
    const known = held.filter((item) => item.type === "existence" || item.type === "part" || item.type === "relation");
    const right = known.filter((item) => mode(votes.get(item.question) ?? ["no"]) === item.answer);
    assert.ok(right.length / known.length < 0.56, `${right.length / known.length}`);
  });
});

function mode(values: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? "";
}

function majority(values: readonly string[]): number {
  const most = mode(values);
  return values.filter((value) => value === most).length / values.length;
}
