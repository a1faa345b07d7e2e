import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import * as law from "../../kernel/law";
import { law as showLaw } from "../../kernel/view/law";

interface Row {
  encoder: string;
  benchmark: string;
  a: number;
  c: number;
  score: number;
}

/** Made by golden/make_transfer.py. */
const golden = JSON.parse(readFileSync(new URL("golden/transfer.json", import.meta.url), "utf8")) as {
  versions: string;
  one: Row[];
  two: Row[];
  degrees: Record<string, law.Transfer[]>;
};
const tableOf = (rows: Row[]): law.ScoreTable =>
  law.parseTable(["encoder,benchmark,a,c,score", ...rows.map((row) => Object.values(row).join(","))].join("\n"));
const [one, two] = [tableOf(golden.one), tableOf(golden.two)];

describe(`law.transfer equals ${golden.versions}`, () => {
  for (const [degree, expected] of Object.entries(golden.degrees))
    it(`degree ${degree}`, () => {
      const found = law.transfer(one, two, { degree: Number(degree) as 1 | 2 });
      assert.equal(found.length, expected.length);
      found.forEach((pair, i) => {
        const { r2, spearman, ...rest } = expected[i];
        assert.deepEqual([pair.from, pair.to, pair.n, pair.bestInTop3], [rest.from, rest.to, rest.n, rest.bestInTop3]);
        assert.ok(Math.abs(pair.r2 - r2) < 1e-9, `R² ${pair.r2} is not ${r2}`);
        assert.ok(Math.abs((pair.spearman ?? NaN) - (spearman ?? NaN)) < 1e-12);
      });
    });

  it("a benchmark predicts itself as well as it was fitted", () => {
    const published = law.publishedTable();
    const own = law.transfer(published, published).filter(({ from, to }) => from === to);
    // R² in sample of the published table, to ten digits.
    assert.ok(Math.abs(own[0].r2 - 0.9633965718) < 1e-9 && Math.abs(own[1].r2 - 0.9735973165) < 1e-9);
  });

  it("needs the predictors and scores of the other table", () => {
    assert.throws(() => law.transfer(one, two, { predictors: ["a", "x"] }), /predictor must be one of a, c/);
    assert.throws(() => law.transfer(one, {} as never), /must be one of law.parseTable/);
    const empty = tableOf(golden.two.map((row) => ({ ...row, score: "" as never })));
    assert.throws(() => law.transfer(one, empty), /at least 2 scored encoders/);
    assert.throws(() => law.transfer(one, two, { normalize: "none" } as never), /options are predictors/);
  });
});

describe("law.joinTables", () => {
  it("keeps each table's fits, as groups, and shows in one viewer", () => {
    const joined = law.joinTables({ published: law.publishedTable(), mine: one });
    assert.deepEqual(joined.groups["mine"], ["mine: x", "mine: y"]);
    const fitted = law.fit(joined);
    assert.equal(fitted.benchmarks["mine: x"].r2, law.fit(one).benchmarks["x"].r2);
    assert.ok(Math.abs(fitted.benchmarks["published: mme"].r2 - 0.9735973165) < 1e-9);
    const view = showLaw(joined, (options) => law.fit(joined, options), { benchmark: "mine: y" });
    assert.match(String(view), /mine: y/);
    view.dispose();
  });

  it("refuses no table and tables without a common predictor", () => {
    assert.throws(() => law.joinTables({}), /there must be a table/);
    for (const odd of [null, undefined, 5, "published", [law.publishedTable()]])
      assert.throws(() => law.joinTables(odd as never), /law\.joinTables: tables must be an object of tables by name/);
    const other = { ...one, predictors: ["size"], rows: one.rows.map((row) => ({ ...row, predictors: { size: 1 } })) };
    assert.throws(() => law.joinTables({ one, other }), /must have a common predictor/);
  });
});
