/** A part of the model that a stage trains: one of three groups, or a prefix of parameters' names such as `vision.encoders.1`. */
export type RefineGroup = "vision" | "connector" | "language_model" | (string & {});

/** One stage of a {@link RefinePlan}, as plain data. */
export interface RefineStage {
  name: string;
  /** Groups that train; everything else is frozen. */
  train: readonly RefineGroup[];
  /** Names of the data sets that are mixed. */
  data: readonly string[];
  /** Learning rate of every trained group, before the schedule. */
  learningRate: number;
  /** Number of examples per update. */
  batchSize: number;
  /** Passes over the data; alternative to `steps`. Default: by `steps`. */
  epochs?: number;
  /** Number of updates; alternative to `epochs`. Default: by `epochs`. */
  steps?: number;
  /** Weight decay of the trained groups. Default 0. */
  weightDecay?: number;
  /** Schedule of the rate. Default `cosine`. */
  schedule?: "cosine" | "linear" | "constant";
  /** Share of the updates in which the rate grows. Default 0.03. */
  warmupFraction?: number;
}

/** A plan as plain data. */
export interface RefinePlanSpec {
  name: string;
  /** Stages in their order. */
  stages: readonly RefineStage[];
  /** Require each stage to train every group of the stage before it. Default true. */
  nested?: boolean;
  /** Require each learning rate to be below that of the stage before. Default true. */
  falling?: boolean;
  /** Source of the plan, for its display. Default: none. */
  source?: string;
}

/** Name of a published plan. */
export type RefinePlanName = "sailvit" | "granvit";

/**
 * Published plans. SAILViT's stages, rates and batches are those that its authors print for SAIL-ViT (arXiv 2509.14033). The plan
 * named after GranViT (arXiv 2510.21501) is a reading of its abstract: regions to captions refine the encoder, captions to regions adapt
 * the language model beside a frozen encoder. Its first alignment, rates and batches are placeholders.
 */
export const PLANS: Readonly<Record<RefinePlanName, RefinePlanSpec>> = {
  sailvit: {
    name: "sailvit",
    source: "arXiv 2507.01643, numbers of arXiv 2509.14033",
    stages: [
      {
        name: "coarse alignment",
        train: ["connector"],
        data: ["captions", "ocr"],
        learningRate: 2e-4,
        batchSize: 1920,
        epochs: 1,
      },
      {
        name: "fine alignment",
        train: ["vision", "connector"],
        data: ["captions", "ocr", "documents", "video captions"],
        learningRate: 2e-5,
        batchSize: 512,
        epochs: 1,
      },
      {
        name: "world knowledge",
        train: ["vision", "connector", "language_model"],
        data: ["captions", "ocr", "open qa", "mathematics", "vqa", "text"],
        learningRate: 1e-5,
        batchSize: 512,
        epochs: 1,
      },
    ],
  },
  granvit: {
    name: "granvit",
    source: "after arXiv 2510.21501, rates and batches not from the paper",
    nested: false,
    stages: [
      {
        name: "alignment",
        train: ["connector"],
        data: ["captions"],
        learningRate: 2e-4,
        batchSize: 512,
        epochs: 1,
      },
      {
        name: "pretraining",
        train: ["vision", "connector"],
        data: ["regions to captions"],
        learningRate: 2e-5,
        batchSize: 512,
        epochs: 1,
      },
      {
        name: "adaptation",
        train: ["connector", "language_model"],
        data: ["captions to regions"],
        learningRate: 1e-5,
        batchSize: 512,
        epochs: 1,
      },
    ],
  },
};
