/** The ledger of truth: published numbers beside the numbers that the library computes for them. */

/** One published number and its recomputation. */
export interface Claim {
  paper: string;
  claim: string;
  /** The number as its source prints it. */
  published: string;
  /** `printed` in paper, repository or documentation; `shapes` where it was counted by hand from the published shapes. */
  source: "printed" | "shapes";
  /** The number as computed here, in the unit of `published`. */
  recomputed: number;
  /** Test of the function that computed the number, from the root of the repository. */
  test: string;
  /** Reason of a difference, a sentence; required where the numbers differ. */
  reason?: string;
}

/** Makes claims of one paper that one test holds. */
export const claimsOf =
  (paper: string, test: string, source: Claim["source"] = "printed") =>
  (claim: string, published: string, recomputed: number, reason?: string): Claim => ({
    paper,
    claim,
    published,
    source,
    recomputed,
    test,
    reason,
  });

/** A published number that needs weights, data or machines that a laptop has not. */
export interface Absent {
  paper: string;
  claim: string;
  needs: string;
}

/** Returns the value of a printed number, and half a unit of its last digit: `70.31`, `22,056,192`, `-4.04`. */
export function printed(text: string): { value: number; half: number } {
  const plain = text.replaceAll(",", "");
  if (!/^-?\d+(\.\d+)?$/.test(plain)) throw new Error(`a published number must be digits, received ${text}`);
  return { value: Number(plain), half: 0.5 * 10 ** -(plain.split(".")[1]?.length ?? 0) };
}

/** Tests whether a recomputed number rounds to the published one; the margin is that of decimal numbers in binary. */
export function agrees({ published, recomputed }: Pick<Claim, "published" | "recomputed">): boolean {
  const { value, half } = printed(published);
  return Math.abs(recomputed - value) <= half * (1 + 1e-6) + Math.abs(value) * 1e-12;
}

/** The recomputed number with two digits more than the published one where it is no whole number. */
function recomputedText({ published, recomputed }: Claim): string {
  if (Number.isInteger(recomputed)) return recomputed.toLocaleString("en-US");
  return recomputed.toFixed(Math.min(6, (published.split(".")[1]?.length ?? 0) + 2));
}

const cells = (...texts: string[]): string => `| ${texts.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`;

function row(claim: Claim): string {
  const isGreen = agrees(claim);
  if (!isGreen && !claim.reason) throw new Error(`${claim.paper}, ${claim.claim}: a difference needs a reason`);
  const origin = claim.source === "shapes" ? " (from shapes)" : "";
  const verdict = `${isGreen ? "green" : "**red**"}${claim.reason ? `: ${claim.reason}` : ""}`;
  const test = `[test](../${claim.test})`;
  return cells(claim.paper, claim.claim, claim.published + origin, recomputedText(claim), test, verdict);
}

/** Returns the ledger as Markdown. @throws Error for a difference without a reason */
export function ledger(claims: readonly Claim[], absent: readonly Absent[]): string {
  const green = claims.filter(agrees).length;
  return [
    "# Ledger of truth",
    "",
    "Published numbers of the five papers and their neighbors beside what Fovea's public functions compute for them, printed by",
    "`npm run ledger`. Green: the recomputed number rounds to the published one. Red: it does not, and the sentence says why.",
    "`from shapes` marks counts that no paper prints: they were counted by hand from the published shapes. The test is that of the",
    "function that computed the number.",
    "",
    `${claims.length} numbers: ${green} green, ${claims.length - green} red.`,
    "",
    cells("paper", "claim", "published", "recomputed", "test", "verdict"),
    cells("---", "---", "---:", "---:", "---", "---"),
    ...claims.map(row),
    "",
    "## Not recomputed here",
    "",
    cells("paper", "claim", "needs"),
    cells("---", "---", "---"),
    ...absent.map(({ paper, claim, needs }) => cells(paper, claim, needs)),
    "",
  ].join("\n");
}
