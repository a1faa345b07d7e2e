import type { GroundingBranch, GroundingHeadConfig } from "../../grounding";

/** A stage of a method. */
export interface GroundingStudyStage {
  /** Name of the stage. */
  name: string;
  /** Share of the study's updates. */
  share: number;
  /** Branches that run and learn. */
  branch: GroundingBranch;
  /** Share of the decoder in the token branch's targets, as in `grounding.loss`. Default `dynamic`. */
  balance?: "dynamic" | number;
}

/** A way to train a model that grounds phrases. */
export interface GroundingMethod {
  /** Name of the method, different from others. */
  name: string;
  /** Parts of the head that differ from the study's. Default: none. */
  head?: Omit<GroundingHeadConfig, "inputDim">;
  /** Stages in their order; their shares add up to 1, so that every method has as many updates. */
  stages: readonly GroundingStudyStage[];
  /** Branch whose boxes are scored. */
  answers: "token" | "decoder";
}

const BOTH = { name: "both", share: 1, branch: "both" } as const;

/** Distillation with a head of another size (arXiv 2409.17531, section 4.3). */
const sized = (tokenLayers: number, generatorLayers: number): GroundingMethod => ({
  name: `DWBD, ${tokenLayers} token layers, ${generatorLayers} generator layers`,
  head: { tokenLayers, generatorLayers },
  stages: [BOTH],
  answers: "token",
});

/**
 * Returns the methods that are compared (SimVG, arXiv 2409.17531): the token branch without a teacher, with one of fixed weight, with
 * dynamic weight-balance distillation (DWBD) in one stage and in two, and the decoder branch, which needs no teacher; then DWBD with
 * other depths of the token branch and the query generator, which are 1 and 2 in the others.
 */
export const groundingMethods = (): GroundingMethod[] => [
  {
    name: "token alone",
    head: { branches: "token" },
    stages: [{ ...BOTH, name: "token", branch: "token" }],
    answers: "token",
  },
  { name: "fixed .5/.5", stages: [{ ...BOTH, balance: 0.5 }], answers: "token" },
  { name: "DWBD", stages: [BOTH], answers: "token" },
  {
    name: "two-stage DWBD",
    stages: [
      { name: "decoder", share: 0.6, branch: "decoder" },
      { ...BOTH, share: 0.4 },
    ],
    answers: "token",
  },
  {
    name: "decoder branch",
    head: { branches: "decoder" },
    stages: [{ ...BOTH, name: "decoder", branch: "decoder" }],
    answers: "decoder",
  },
  sized(0, 2),
  sized(3, 2),
  sized(1, 1),
  sized(3, 1),
];
