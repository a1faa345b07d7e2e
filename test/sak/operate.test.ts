import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import { nn, sak, tf } from "./names.ts";
import { bits, close, make, picture, stir, teachers, values } from "./students.ts";

describe("operating on a living student", () => {
  before(() => nn.start("native"));
  beforeEach(() => nn.manualSeed(0));

  const changed = (before: Record<string, number[]>, after: Record<string, number[]>): string[] =>
    Object.keys(before).filter((name) => before[name].join() !== after[name]?.join());

  it("adds a teacher: every weight of the others, and their paths, keep every bit", async () => {
    const model = make();
    stir(model);
    const x = picture();
    const before = { bits: await bits(model), paths: model.features(x).paths, weights: model.weights(x).semseg };
    model.add("siglip", { width: 6, logit: -1e9 });
    assert.deepEqual(model.teachers, ["dino", "clip", "sam", "siglip"]);
    const names = changed(before.bits, await bits(model));
    assert.ok(
      names.every((name) => /^routers\..*\.fc2\./.test(name)),
      names.join(),
    );
    for (const name of teachers)
      assert.deepEqual(model.features(x).paths[name].map(values), before.paths[name].map(values));
    // A path without a share leaves the shares of the others as they were.
    close(values(tf.slice(model.weights(x).semseg, [0, 0, 0], [2, 2, 4])), values(before.weights));
  });

  it("keeps the rows of the other experts bit by bit, of the noise too", async () => {
    const model = make();
    stir(model);
    const router = model.routers.get("depth")![1];
    const before = await bits(router);
    const rows = (data: number[], places: number[]): number[][] =>
      places.map((row) => data.slice(4 * row, 4 * row + 4));
    model.add("new", { logit: -7 });
    const grown = await bits(router);
    assert.deepEqual(
      rows(grown["fc2.weight"], [0, 1, 2, 3, 5, 6, 7, 8]),
      rows(before["fc2.weight"], [0, 1, 2, 3, 4, 5, 6, 7]),
    );
    const kept = before["fc2.bias"];
    assert.deepEqual(grown["fc2.bias"], [...kept.slice(0, 4), -7, ...kept.slice(4), 0]);
    model.remove("new");
    assert.deepEqual(await bits(router), before);
    model.remove("dino");
    const shrunk = await bits(router);
    assert.deepEqual(rows(shrunk["fc2.weight"], [0, 1, 2, 3, 4, 5]), rows(before["fc2.weight"], [0, 2, 3, 4, 6, 7]));
  });

  it("removes a teacher: the shares of the others grow in proportion, and bypassing it predicts the same", () => {
    const model = make();
    stir(model);
    const x = picture();
    const full = values(model.weights(x).semseg);
    const paths = model.features(x).paths;
    model.bypass("clip");
    assert.deepEqual(model.bypassed, ["clip"]);
    const expected = full.map((weight, i) => (i % 4 === 2 ? 0 : weight / (1 - full[i - (i % 4) + 2])));
    const bypassed = values(model.weights(x).semseg);
    close(bypassed, expected);
    assert.ok(bypassed.every((weight, i) => i % 4 !== 2 || weight === 0));
    const predicted = values(model.forward(x).semseg);
    model.bypass("clip", false);
    close(values(model.weights(x).semseg), full, 0);
    model.remove("clip");
    assert.deepEqual(model.teachers, ["dino", "sam"]);
    close(
      values(model.weights(x).semseg),
      expected.filter((_, i) => i % 4 !== 2),
    );
    close(values(model.forward(x).semseg), predicted, 1e-5);
    for (const name of ["dino", "sam"])
      assert.deepEqual(model.features(x).paths[name].map(values), paths[name].map(values));
  });

  it("replaces a teacher in its place, and leaves every other bit", async () => {
    const model = make();
    const before = await bits(model);
    model.replace("clip", "siglip", { width: 5 });
    assert.deepEqual(model.teachers, ["dino", "siglip", "sam"]);
    const after = await bits(model);
    const names = changed(before, after);
    assert.ok(names.length > 0 && names.every((name) => name.startsWith("paths.clip.")), names.join());
    assert.deepEqual(after["paths.siglip.adapters.0.scale"], [1]);
    assert.equal(model.paths.get("siglip")!.aligners.length, 2);
    model.replace("sam", "sam");
    const again = changed(after, await bits(model));
    assert.ok(again.length > 0 && again.every((name) => name.startsWith("paths.sam.")), again.join());
    model.replace("siglip", "clip", { logit: -3 });
    assert.equal((await model.routers.get("semseg")![0].fc2.bias!.read())[2], -3);
  });

  it("is made again from its configuration and state, whatever was done to it", async () => {
    const model = make({ topK: 2, headWidth: 12 });
    stir(model);
    model.add("wide", { width: 5 }).remove("dino").replace("sam", "other", { width: 3 });
    const again = new sak.Sak(model.config).eval();
    assert.deepEqual(again.config, model.config);
    nn.loadState(again, await nn.stateOf(model));
    const x = picture();
    assert.deepEqual(values(again.forward(x).semseg), values(model.forward(x).semseg));
    const bare = new sak.Sak(model.dropAligners().config);
    assert.deepEqual(nn.loadState(bare, await nn.stateOf(model)).missing, []);
  });

  it("bypasses paths of a sum too", () => {
    const model = make({ router: "none" });
    const x = picture();
    for (const name of teachers) model.bypass(name);
    const { stem, grid, size } = model.features(x);
    const alone = model.heads.get("depth")!.forward(stem, grid, size);
    assert.deepEqual(values(model.forward(x).depth), values(alone));
  });

  it("takes weights by hand for a task, a level and a picture; the last of several counts", () => {
    const model = make();
    stir(model);
    const x = picture(3);
    const own = values(model.weights(x).depth);
    model.setRoutes([
      { task: "semseg", weights: [1, 1, 2, 0] },
      { task: "semseg", level: 1, weights: [1, 0, 0, 0] },
      { task: "semseg", level: 1, image: 2, weights: [0, 0, 0, 5] },
    ]);
    const byHand = [0.25, 0.25, 0.5, 0];
    const stemOnly = [1, 0, 0, 0];
    const expected = [byHand, stemOnly, byHand, stemOnly, byHand, [0, 0, 0, 1]].flat();
    close(values(model.weights(x).semseg), expected);
    assert.deepEqual(values(model.weights(x).depth), own);
    const once = model.weights(x, { routes: [{ image: 0, weights: [0, 1, 0, 0] }] });
    close(values(once.semseg).slice(0, 8), [0, 1, 0, 0, 0, 1, 0, 0]);
    close(values(once.semseg).slice(8), expected.slice(8));
    close(values(model.setRoutes([]).weights(x).depth), own, 0);
  });

  it("leaves bypassed teachers out of weights by hand", () => {
    const model = make().bypass("dino");
    const { semseg } = model.weights(picture(1), { routes: [{ weights: [1, 2, 1, 0] }] });
    close(values(semseg), [0.5, 0, 0.5, 0, 0.5, 0, 0.5, 0]);
    const only = { weights: [0, 1, 0, 0] };
    assert.throws(() => model.weights(picture(1), { routes: [only] }), /an open path must have a weight above 0/);
    model.bypass("dino", false).setRoutes([only]);
    assert.throws(() => model.bypass("dino"), /sak\.Sak\.bypass: an open path must have a weight above 0/);
    assert.deepEqual(model.bypassed, []);
  });

  it("refuses teachers and routes that do not fit, and changes nothing", async () => {
    const model = make({ topK: 4 });
    const before = await bits(model);
    const cases: [() => unknown, RegExp][] = [
      [() => model.add("dino"), /sak\.Sak\.add: a new teacher needs a new name, received "dino"/],
      [() => model.add("a b"), /sak\.Sak\.add: a name must consist of letters/],
      [() => model.add("new", { logit: NaN }), /sak\.Sak\.add: logit must be a finite number, received NaN/],
      [() => model.add("new", { widht: 4 } as never), /sak\.Sak\.add: options are width, logit, received "widht"/],
      [() => model.replace("dino", "new", { at: 1 } as never), /sak\.Sak\.replace: options are width, logit/],
      [() => model.weights(picture(), { task: 1 } as never), /sak\.Sak\.weights: options are tasks, routes/],
      [() => model.forward(picture(), { task: 1 } as never), /sak\.Sak\.forward: options are tasks, routes/],
      [() => model.replace("dino", "clip"), /sak\.Sak\.replace: a new teacher needs a new name/],
      [() => model.replace("none", "new"), /sak\.Sak\.replace: teachers are dino, clip, sam, received "none"/],
      [() => model.remove("none"), /sak\.Sak\.remove: teachers are dino, clip, sam/],
      [() => model.remove("dino"), /sak\.Sak\.remove: topK must be null or a whole number of 1\.\.3, received 4/],
      [() => model.bypass("none"), /sak\.Sak\.bypass: teachers are/],
      [() => model.setRoutes([{ task: "parts", weights: [1, 0, 0, 0] }]), /tasks are semseg, depth, received "parts"/],
      [() => model.setRoutes([{ level: 0, weights: [1, 0, 0, 0] }]), /levels are stem, 1, received 0/],
      [() => model.setRoutes([{ image: -1, weights: [1, 0, 0, 0] }]), /image must be a place in the batch/],
      [() => model.setRoutes([{ weights: [1, 0, 0] }]), /a route needs 4 weights of at least 0/],
      [() => model.setRoutes([{ weights: [1, 0, 0, -1] }]), /a route needs 4 weights of at least 0/],
      [() => model.setRoutes([{ weights: [0, 0, 0, 0] }]), /an open path must have a weight above 0/],
      [
        () => model.forward(picture(), { routes: [{ image: 2, weights: [1, 0, 0, 0] }] }),
        /must lie in 0\.\.1, received 2/,
      ],
    ];
    for (const [call, message] of cases) assert.throws(call, message);
    assert.deepEqual(changed(before, await bits(model)), []);
    const single = make({ teachers: ["one"] });
    assert.throws(() => single.remove("one"), /another teacher must remain, received "one"/);
  });
});
