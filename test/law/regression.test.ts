import { leastSquares } from "../../kernel/law/fit/least-squares.ts";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as law from "../../kernel/law";

const close = (actual: number | null, expected: number, tolerance: number, what = "") =>
  assert.ok(actual !== null && Math.abs(actual - expected) <= tolerance, `${what} ${actual} is not ${expected}`);

/** In-sample R² in the order MMBench, MME, OKVQA, SEED, MMMU, TextVQA, VizWiz, ScienceQA. */
const ORDER = [
  "mmbench_en",
  "mme",
  "ok_vqa",
  "seed_image",
  "mmmu_val",
  "textvqa_val",
  "vizwiz_vqa_val",
  "scienceqa_img",
];
const PUBLISHED: [string, string[], 1 | 2, number[]][] = [
  [
    "AC",
    ["a", "c"],
    2,
    [0.9633965718, 0.9735973165, 0.9541733415, 0.9375133408, 0.8352142533, 0.9028028826, 0.8037597317, 0.8667425608],
  ],
  [
    "AC",
    ["a", "c"],
    1,
    [0.8300505266, 0.852660064, 0.801944583, 0.8448458478, 0.5452583078, 0.7349889503, 0.5752996118, 0.7914929845],
  ],
  [
    "A",
    ["a"],
    2,
    [0.749361423, 0.7254218824, 0.8410637895, 0.746380111, 0.7069743104, 0.8683709593, 0.786989664, 0.7357039181],
  ],
  [
    "C",
    ["c"],
    2,
    [0.5407629526, 0.6479375934, 0.5188426959, 0.5686594348, 0.3591451392, 0.2117315153, 0.1648491403, 0.427415673],
  ],
  [
    "A",
    ["a"],
    1,
    [0.4944457116, 0.5139228663, 0.4903265546, 0.5331946931, 0.4045885639, 0.6785183667, 0.484613813, 0.6348685052],
  ],
  [
    "C",
    ["c"],
    1,
    [0.460210411, 0.4789893666, 0.4500747862, 0.4555972026, 0.219746896, 0.1318432943, 0.156011389, 0.2704402753],
  ],
];

describe("law.fit on the published table (arXiv 2408.16357, table 1 and figure 4)", () => {
  const table = law.publishedTable();
  for (const [name, predictors, degree, figures] of PUBLISHED) {
    it(`${name} of degree ${degree}: R² of all eight benchmarks to 1e-9`, () => {
      const { benchmarks } = law.fit(table, { predictors, degree });
      ORDER.forEach((benchmark, i) => close(benchmarks[benchmark].r2, figures[i], 1e-9, benchmark));
    });
  }

  it("gives the headline 95.72 % as the mean over four vision benchmarks, and the less flattering means", () => {
    const { groups } = law.fit(table);
    close(100 * groups.vision.r2, 95.717, 5e-4);
    close(100 * groups.ocr.r2, 85.213, 5e-4);
    close(100 * groups.all.r2, 90.465, 5e-4);
  });

  it("gives MMBench's coefficients and predictions", () => {
    const { coefficients, predictions } = law.fit(table).benchmarks.mmbench_en;
    const expected = [
      -0.12700916643664326, 3.190785552357676, 0.9099319468305623, -1.7205137114896276, -1.570206940599757,
      -0.18916959497637736,
    ];
    expected.forEach((value, i) => close(coefficients[i], value, 1e-9));
    const rows = [
      0.96714, 0.955084, 0.952596, 0.87487, 0.471423, 0.511073, 0.396355, 0.123193, 0.082839, 0.055882, 0.884009,
      0.975867, 0.950137,
    ];
    Object.values(predictions).forEach((value, i) => close(value, rows[i], 1e-6));
  });

  it("gives the variants: no interaction, three terms, geometry-aware C", () => {
    const means = (fit: ReturnType<typeof law.fit>) => [100 * fit.groups.vision.r2, 100 * fit.groups.all.r2];
    const variants: [number[], number, number][] = [
      [means(law.fit(table, { terms: ["a", "c", "a*a", "c*c"] })), 95.38, 89.54],
      [means(law.fit(table, { terms: ["a", "c", "a*c"] })), 83.57, 76.68],
      [means(law.fit(law.publishedTable({ c: "c_geo_pck010" }))), 95.44, 89.89],
    ];
    for (const [[vision, all], wantedVision, wantedAll] of variants) {
      close(vision, wantedVision, 5e-3);
      close(all, wantedAll, 5e-3);
    }
  });
});

describe("law.fit, invariants of the fit", () => {
  const table = law.publishedTable();
  const model = law.fit(table).benchmarks.mme;

  it("Q² by the hat matrix equals Q² by refitting without each encoder", () => {
    const rows = table.rows.filter((row) => row.benchmark === "mme");
    const scores = rows.map((row) => row.score as number);
    const mean = scores.reduce((a, b) => a + b, 0) / scores.length;
    let press = 0;
    rows.forEach((left, i) => {
      const rest = {
        ...table,
        benchmarks: ["mme"],
        groups: {},
        rows: rows.map((row, j) => (j === i ? { ...row, score: null } : row)),
      };
      const refit = law.fit(rest, { normalize: "none" }).benchmarks.mme;
      press += (refit.predictions[left.encoder] - scores[i]) ** 2;
    });
    const total = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0);
    close(model.looQ2, 1 - press / total, 1e-6);
  });

  it("R² does not change without min-max, and never falls as terms are added", () => {
    close(law.fit(table, { normalize: "none" }).benchmarks.mme.r2, model.r2, 1e-8);
    const r2 = (predictors: string[], degree: 1 | 2) => law.fit(table, { predictors, degree }).benchmarks.mme.r2;
    assert.ok(r2(["a"], 1) <= r2(["a", "c"], 1) && r2(["a", "c"], 1) <= model.r2);
  });

  it("is refused with as many rows as coefficients or fewer, unless a ridge holds it", () => {
    const few = (count: number, options: law.FitOptions = {}) => {
      const encoders = table.encoders.slice(-count);
      const rows = table.rows.filter((row) => row.benchmark === "mme" && encoders.includes(row.encoder));
      return law.fit({ ...table, rows, encoders, benchmarks: ["mme"], groups: {} }, options).benchmarks.mme;
    };
    assert.throws(() => few(6), /mme must have more scored .* received "6 encoders for 6 coefficients"/);
    assert.throws(() => few(2, { terms: ["a"] }), /received "2 encoders for 2 coefficients"/);
    assert.ok(few(7).residualError! > 0);
    assert.ok(few(6, { terms: ["a", "c", "a", "c", "a*c"] }).residualError! > 0, "terms that say the same count once");
    const under = few(4, { ridge: 0.1 });
    assert.ok(under.r2 < 1 && under.coefficients.every(Number.isFinite));
    assert.deepEqual([under.adjustedR2, under.residualError], [null, null]);
  });

  it("refuses values that no option has, in place of taking another one", () => {
    const refused: [unknown, RegExp][] = [
      [{ normalize: "min-max" }, /law\.fit: normalize must be minmax or none, received "min-max"/],
      [{ normalize: "constructor" }, /normalize must be minmax or none/],
      [{ degree: 3 }, /degree must be 1 or 2, received 3/],
      [{ ridge: -1 }, /ridge must be a finite number of at least 0, received -1/],
      [{ ridge: NaN }, /ridge must be a finite number/],
      [{ cutoff: Infinity }, /cutoff must be a finite number/],
      [{ permutations: 1.5 }, /permutations must be a whole number, received 1.5/],
    ];
    for (const [options, rule] of refused) assert.throws(() => law.fit(law.publishedTable(), options as never), rule);
  });

  it("the order of the rows changes nothing", () => {
    const table = law.publishedTable();
    const turned = law.fit({ ...table, rows: [...table.rows].reverse() }).benchmarks.mmbench_en;
    const plain = law.fit(table).benchmarks.mmbench_en;
    turned.coefficients.forEach((value, i) => assert.ok(Math.abs(value - plain.coefficients[i]) < 1e-9));
    for (const [name, value] of Object.entries(plain.predictions))
      assert.ok(Math.abs(turned.predictions[name] - value) < 1e-9);
  });

  it("a constant predictor changes nothing", () => {
    const rows = table.rows.map((row) => ({ ...row, predictors: { ...row.predictors, k: 3 } }));
    const with3 = law.fit({ ...table, rows }, { predictors: ["a", "c", "k"], degree: 1 }).benchmarks.mme;
    close(with3.r2, law.fit(table, { degree: 1 }).benchmarks.mme.r2, 1e-10);
  });

  it("a permutation test gives the same p for the same seed, and a small one here", () => {
    const p = () => law.fit(table, { permutations: 200, seed: 3 }).benchmarks.mme.permutationP;
    assert.equal(p(), p());
    assert.ok((p() as number) < 0.05);
    const weak = (options: law.FitOptions) =>
      law.fit(table, { predictors: ["c"], degree: 1, permutations: 300, ...options }).benchmarks.vizwiz_vqa_val;
    const [own, one, two] = [{}, { seed: 1 }, { seed: 2 }].map((options) => weak(options).permutationP);
    assert.equal(own, one, "the default seed");
    assert.notEqual(own, two);
  });

  it("a prediction interval contains its own prediction and widens with the level", () => {
    const at = law.predict(model, { a: 0.6, c: 15 }, 0.8);
    const wide = law.predict(model, { a: 0.6, c: 15 }, 0.99);
    assert.ok((at.low as number) < at.value && at.value < (at.high as number));
    assert.ok((wide.high as number) > (at.high as number));
  });
});

describe("law.fit refuses", () => {
  for (const name of ["predictors", "terms"])
    it(`no ${name}`, () =>
      assert.throws(
        () => law.fit(law.publishedTable(), { [name]: [] }),
        new RegExp(`law\\.fit: ${name} must name at least one`),
      ));
});

describe("law.parseTable", () => {
  it("reads a long table, with a score still missing", () => {
    const table = law.parseTable("encoder,benchmark,a,c,score\nw,b,5,0,1\nx,b,1,2,3\ny,b,2,3,4\nz,b,3,1,\n");
    assert.deepEqual(table.encoders, ["w", "x", "y", "z"]);
    assert.equal(table.rows[3].score, null);
    assert.ok(Number.isFinite(law.fit(table, { degree: 1, predictors: ["a"] }).benchmarks.b.predictions.z));
  });

  const wrong: [string, string, RegExp][] = [
    [
      "a word for a number",
      "encoder,benchmark,a,c,score\nx,b,one,2,3\n",
      /row 2, column a must be a finite decimal number, received "one"/,
    ],
    ["no header", "1,2,3\n", /row 1 must name a column encoder/],
    ["neither long nor wide", "encoder,a\nx,1\n", /column benchmark \(long\) or columns perf_<benchmark>/],
    ["twice the same", "encoder,benchmark,a,c,score\nx,b,1,2,3\nx,b,1,2,3\n", /once per benchmark, received "x, b"/],
    ["ragged", "encoder,benchmark,a\nx,b\n", /must be CSV/],
    ["empty", "", /row 1 must name a column encoder/],
  ];
  for (const [name, text, message] of wrong) {
    it(`refuses ${name}`, () => assert.throws(() => law.parseTable(text), message));
  }
});

describe("leastSquares", () => {
  it("has the inverse of the centered columns' products, whatever their means", () => {
    // Products of the centered columns: [[4, 0], [0, 16]]; with a second column equal to the first, their pseudoinverse.
    const square = [
      [4, -2],
      [6, -2],
      [4, 2],
      [6, 2],
    ];
    const close = (x: number[][], expected: number[][]): void =>
      leastSquares(x, [1, 2, 4, 3]).covariance.forEach((row, i) =>
        row.forEach((value, j) => assert.ok(Math.abs(value - expected[i][j]) < 1e-12, `${i}, ${j}: ${value}`)),
      );
    close(square, [
      [1 / 4, 0],
      [0, 1 / 16],
    ]);
    close(
      square.map(([first]) => [first, first]),
      [
        [1 / 16, 1 / 16],
        [1 / 16, 1 / 16],
      ],
    );
  });
});
