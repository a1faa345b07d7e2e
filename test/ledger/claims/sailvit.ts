import { models, tasks } from "../../../kernel/index.ts";
import { type Claim, claimsOf } from "../ledger";
import { weightsOf } from "../size";

const SAILVIT = "SAILViT (2507.01643)";
const SAIL_VL2 = "SAIL-VL2 (2509.14033)";
const AIMV2 = "AIMv2 (2411.14402)";
const VIT = "test/models/vit-config.test.ts";
const COMPASS = "test/tasks/answers/opencompass.test.ts";

/** Rows of SAIL-VL2's tables, in the order of `opencompassBenchmarks`. */
const ROWS = {
  "SAIL-VL2-2B": ["70.31", [86.77, 64.07, 47.67, 71.1, 89.5, 83.0, 51.74, 68.67]],
  "SAIL-VL-1.5-2B": ["68.08", [85.05, 62.8, 44.89, 67.2, 88.5, 83.68, 49.8, 62.75]],
  "SAIL-VL2-8B": ["75.07", [90.16, 70.73, 55.44, 76.4, 91.3, 87.73, 55.1, 73.72]],
  "SAIL-VL-1.5-8B": ["74.04", [88.54, 69.07, 52.33, 75.6, 90.4, 87.47, 54.53, 74.36]],
} as const;
type Model = keyof typeof ROWS;

function compassMean(model: Model): number {
  const scores = ROWS[model][1];
  const named = tasks.answers.opencompassBenchmarks.map((name, i) => [name, scores[i]]);
  return tasks.answers.opencompassMean(Object.fromEntries(named));
}

const vit = (name: string): number => models.vitParameters(models.vitConfig(name));

/** Claims of SAILViT, of SAIL-VL2's tables, of AIMv2, whose shape it has, and of timm's transformers. */
export function sailvitClaims(): Claim[] {
  const mean = claimsOf(SAIL_VL2, COMPASS, "printed");
  const [counted, shown, timm] = [
    claimsOf(SAILVIT, VIT, "shapes"),
    claimsOf(AIMV2, VIT, "printed"),
    claimsOf("timm 1.0.31", VIT, "printed"),
  ];
  const runs =
    "the leaderboard and the report's table are different runs or sets of benchmarks; the mean is that of the table.";
  const [large, huge] = [vit("aimv2_large_patch14_448"), vit("aimv2_huge_patch14_448")];
  return [
    ...Object.entries(ROWS).map(([model, [published]]) =>
      mean(`OpenCompass mean of ${model}`, published, compassMean(model as Model)),
    ),
    mean("OpenCompass mean of SAIL-VL-1.5-2B on the leaderboard", "67.0", compassMean("SAIL-VL-1.5-2B"), runs),
    mean("OpenCompass mean of SAIL-VL-1.5-8B on the leaderboard", "73.6", compassMean("SAIL-VL-1.5-8B"), runs),
    counted("parameters of the Large network", "309,984,256", large),
    counted("parameters of the Huge network", "682,031,616", huge),
    {
      ...mean(
        "million parameters of the Huge network, by its class name",
        "600",
        huge / 1e6,
        "a class name, no count.",
      ),
      test: VIT,
    },
    shown(
      "million parameters of AIMv2-Huge, patch 14 at 448, in its documentation",
      "680",
      huge / 1e6,
      "the documentation rounds to ten millions.",
    ),
    claimsOf(SAILVIT, "test/models/model.test.ts", "shapes")(
      "parameters of the connector, 4 x 1024 to 4096",
      "33,562,624",
      weightsOf(() => new models.Projector(1024, 4096, { merge: 2 })),
    ),
    timm("parameters of vit_small_patch14_dinov2", "22,056,192", vit("vit_small_patch14_dinov2")),
    timm("parameters of vit_base_patch14_reg4_dinov2", "86,582,016", vit("vit_base_patch14_reg4_dinov2")),
    timm("parameters of vit_giant_patch14_dinov2", "1,136,479,232", vit("vit_giant_patch14_dinov2")),
    timm("parameters of vit_base_patch16_siglip_224", "92,884,224", vit("vit_base_patch16_siglip_224")),
    timm("parameters of vit_so400m_patch14_siglip_378", "428,225,600", vit("vit_so400m_patch14_siglip_378")),
  ];
}
