import { models, sak, tasks } from "../../../kernel/index.ts";
import { mean } from "../../../kernel/numeric";
import { type Claim, claimsOf } from "../ledger";

const SAK = "SAK (2410.14633)";
const PRISM = "PRISM (2606.03444)";
const COUNT = "test/sak/count.test.ts";
const DELTA = "test/tasks/dense/metrics.test.ts";

type Scores = readonly number[];
const PASCAL = ["semseg", "parts", "saliency", "normals", "boundary"];
const NYUD = ["semseg", "depth", "normals", "boundary"];

const scoresOf = (names: readonly string[], values: Scores): tasks.dense.TaskScores =>
  Object.fromEntries(names.map((name, i) => [name, values[i]]));
const gain = (names: readonly string[], row: Scores, single: Scores): number =>
  tasks.dense.deltaM(scoresOf(names, row), scoresOf(names, single));

/** Single-task rows of ViT-B. */
const PASCAL_SINGLE = [80.25, 70.54, 84.54, 13.57, 74.22];
const NYUD_SINGLE = [51.15, 0.5792, 19.77, 77.35];
/** The best frozen teacher of each task. */
const TEACHERS = [81.18, 74.38, 81.48, 16.21, 75.89];

function gains(): Claim[] {
  const [claim, other] = [claimsOf(SAK, DELTA), claimsOf(PRISM, DELTA)];
  const average = claimsOf(SAK, "test/numeric/numeric.test.ts");
  const pascal = (words: string, published: string, row: Scores): Claim =>
    claim(`Δm of ${words}, ViT-B, PASCAL-Context`, published, gain(PASCAL, row, PASCAL_SINGLE));
  const nyud = (words: string, published: string, row: Scores): Claim =>
    claim(`Δm of ${words}, ViT-B, NYUD-v2`, published, gain(NYUD, row, NYUD_SINGLE));
  return [
    pascal("SAK", "0.83", [81.88, 74.3, 84.79, 14.02, 74.09]),
    pascal("the multi-task model", "-4.04", [76.76, 65.26, 84.39, 13.98, 70.37]),
    pascal("MLoRE", "-0.83", [79.26, 67.82, 85.31, 13.65, 74.69]),
    other(
      "Δm of PRISM, ViT-B, PASCAL-Context",
      "2.29",
      gain(PASCAL, [82.2, 75.34, 84.81, 13.47, 75.92], PASCAL_SINGLE),
      "the paper's own row against the single-task row gives more than it prints.",
    ),
    nyud("SAK", "11.11", [59.93, 0.4942, 17.6, 78.6]),
    nyud("the multi-task model", "-1.72", [49.27, 0.5823, 19.92, 75.88]),
    claim(
      "Δm of the many-to-one student against the best frozen teachers",
      "-2.34",
      gain(PASCAL, [80.18, 69.13, 82.72, 16, 71.16], TEACHERS),
    ),
    average("mean gain of DINOv2 over an ImageNet ViT, in percent", "11.63", mean([13.76, 32.63, -0.72, 1.86, 10.62])),
    average("mean gain of CLIP over an ImageNet ViT, in percent", "6.78", mean([9.77, 16.46, 0.52, 1.86, 5.31])),
    average("mean gain of SAM over an ImageNet ViT, in percent", "-0.06", mean([-31.18, 6.72, 0.05, 5.59, 18.52])),
    average("mean gain of SAK over an ImageNet ViT, in percent", "16.15", mean([14.42, 29.07, 4.7, 18.17, 14.37])),
  ];
}

type Size = "small" | "base" | "large";
const CHANNELS = {
  pascal: { semseg: 21, parts: 7, normals: 3, edge: 1, saliency: 2 },
  nyud: { semseg: 40, normals: 3, edge: 1, depth: 1 },
};

/** Counts of a student with three teachers, and of the stem with its final norm, which the baselines keep. */
function counts(size: Size, data: keyof typeof CHANNELS): { student: sak.SakParameters; stem: number; tasks: number } {
  const imgSize = data === "pascal" ? 512 : ([448, 576] as const);
  const stem = models.vitConfig(`vit_${size}_patch16_384`, { imgSize });
  const student = sak.parameters({ stem, teachers: ["dinov2", "clip", "sam"], tasks: CHANNELS[data] });
  return { student, stem: models.vitParameters(stem), tasks: Object.keys(CHANNELS[data]).length };
}

function sizes(): Claim[] {
  const [shown, counted] = [claimsOf(SAK, COUNT), claimsOf(SAK, COUNT, "shapes")];
  const [small, base, large] = (["small", "base", "large"] as const).map((size) => counts(size, "pascal"));
  const nyud = counts("large", "nyud");
  const million = (count: number): number => count / 1e6;
  const multi = ({ student, stem }: typeof large): number => million(stem + student.heads);
  const singles = ({ student, stem, tasks: n }: typeof large): number => million(n * stem + student.heads);
  return [
    claimsOf(PRISM, COUNT)(
      "million parameters of SAK-S without heads",
      "26.40",
      million(small.student.total - small.student.heads),
    ),
    shown("million parameters of SAK-L, PASCAL-Context", "407", million(large.student.total)),
    shown("million parameters of the multi-task ViT-L, PASCAL-Context", "357", multi(large)),
    shown("million parameters of five single-task ViT-L, PASCAL-Context", "1573", singles(large)),
    shown("million parameters of the multi-task ViT-L, NYUD-v2", "346", multi(nyud)),
    shown("million parameters of four single-task ViT-L, NYUD-v2", "1259", singles(nyud)),
    counted("parameters of SAK-S, PASCAL-Context", "33,796,745", small.student.total),
    counted("parameters of SAK-B, PASCAL-Context", "133,506,089", base.student.total),
    counted("parameters of SAK-L, PASCAL-Context", "406,672,397", large.student.total),
    counted("parameters of SAK-B, NYUD-v2", "126,404,372", counts("base", "nyud").student.total),
  ];
}

/** Claims of SAK and of PRISM, which prints SAK's small student. */
export const sakClaims = (): Claim[] => [...gains(), ...sizes()];
