import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { before, describe, it } from "node:test";
import { ABSENT, allClaims } from "./claims";
import { agrees, type Claim, ledger, printed } from "./ledger";

const root = new URL("../../", import.meta.url);
const claim = (published: string, recomputed: number, reason?: string): Claim => ({
  paper: "p",
  claim: "c",
  published,
  source: "printed",
  recomputed,
  test: "t",
  reason,
});

describe("the ledger of truth", () => {
  let claims: Claim[] = [];
  before(async () => {
    claims = await allClaims();
  });

  it("is what `npm run ledger` prints", () =>
    assert.equal(ledger(claims, ABSENT), readFileSync(new URL("docs/ledger.md", root), "utf8")));

  it("names tests that exist, and no claim twice", () => {
    assert.deepEqual(
      claims.filter(({ test }) => !existsSync(new URL(test, root))).map(({ test }) => test),
      [],
    );
    assert.equal(new Set(claims.map((one) => `${one.paper} ${one.claim}`)).size, claims.length);
  });

  it("knows the red numbers: those of PRISM and the law out of sample among them", () => {
    const red = claims.filter((one) => !agrees(one)).map(({ claim }) => claim);
    assert.ok(red.includes("Δm of PRISM, ViT-B, PASCAL-Context"));
    assert.ok(red.includes("the same law for an encoder that it has not seen (leave-one-out Q²)"));
    const prism = claims.find(({ claim }) => claim.startsWith("Δm of PRISM"));
    assert.ok(Math.abs((prism?.recomputed ?? 0) - 2.516) < 5e-4, `${prism?.recomputed}`);
  });
});

describe("a row of the ledger", () => {
  it("is green where the number rounds to the published one, and only there", () => {
    const cases: [published: string, recomputed: number, isGreen: boolean][] = [
      ["70.31", 70.3149, true],
      ["70.31", 70.3151, false],
      ["70.31", 70.3049, false],
      ["-4.04", -4.0449, true],
      ["407", 406.672, true],
      ["407", 406.49, false],
      ["2,892,544", 2_892_544, true],
      ["2,892,544", 2_892_545, false],
    ];
    for (const [published, recomputed, isGreen] of cases)
      assert.equal(agrees(claim(published, recomputed)), isGreen, `${published} ${recomputed}`);
    assert.throws(() => printed("about 3"), /a published number must be digits, received about 3/);
  });

  it("needs a reason where it is red", () => {
    assert.throws(() => ledger([claim("1.0", 2)], []), /p, c: a difference needs a reason/);
    assert.match(
      ledger([claim("1.0", 2, "because.")], []),
      /\| 1\.0 \| 2 \| \[test\]\(\.\.\/t\) \| \*\*red\*\*: because\. \|/,
    );
    assert.match(ledger([claim("1.00", 1.001)], []), /\| 1\.00 \| 1\.0010 \| .* \| green \|\n/);
  });
});
