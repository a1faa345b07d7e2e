import { grounding, models } from "../../../kernel/index.ts";
import { type Claim, claimsOf } from "../ledger";

const SIMVG = "SimVG (2409.17531)";
const BEIT3 = "BEiT-3 (2208.10442)";
const AT_640 = { patchSize: 32, imgSize: 640 };

const beit3 = (size: "base" | "large", overrides?: models.Beit3Config): number =>
  models.beit3Parameters(models.beit3Config(`beit3_${size}_patch16_224`, overrides));

/** Claims of SimVG and of its encoder BEiT-3. */
export function simvgClaims(): Claim[] {
  const encoder = beit3("base", AT_640);
  const [both, token] = (["both", "token"] as const).map((branches) => grounding.headParameters({ branches }).total);
  const head = claimsOf(SIMVG, "test/grounding/head.test.ts", "shapes");
  const size = claimsOf(SIMVG, "test/models/beit3.test.ts", "shapes");
  const shown = claimsOf(BEIT3, "test/models/beit3.test.ts", "printed");
  const whole = "the shapes of the encoder hold less; the source does not say what else it counts.";
  return [
    head("parameters of the head with both branches", "7,241,740", both),
    head("parameters of the head with the token branch alone", "2,371,846", token),
    head("share of the head that the token branch keeps, in percent", "32.8", (100 * token) / both),
    head("parameters that go with the decoder", "4,869,894", both - token),
    size("parameters of BEiT-3-B, patch 32 at 640", "222,913,536", encoder),
    size("parameters of BEiT-3-L, patch 32 at 640", "675,270,656", beit3("large", AT_640)),
    size("parameters of the whole model, both branches", "230,155,276", encoder + both),
    size("parameters of the whole model, token branch alone", "225,285,382", encoder + token),
    shown("million parameters of BEiT-3-B, patch 16 at 224", "222", beit3("base") / 1e6, whole),
    shown("million parameters of BEiT-3-L, patch 16 at 224", "674", beit3("large") / 1e6, whole),
  ];
}
