/** Definition behind a number. Numbers of different definitions are not comparable. */
export type ScoreDefinition =
  "cosine" | "caption-log-likelihood" | "mutual-knn" | "linear-cka" | "logme" | "gromov-wasserstein";

/** Result of every predictor of alignment: a number and its definition. */
export interface AlignmentScore {
  readonly definition: ScoreDefinition;
  readonly score: number;
}

/** Description of a definition, for tables and legends. */
export interface DefinitionInfo {
  readonly formula: string;
  readonly range: string;
  readonly source: string;
}

/** The definitions of `AlignmentScore`, by name. */
export const definitions: Readonly<Record<ScoreDefinition, DefinitionInfo>> = {
  cosine: {
    formula: "mean over tokens j of max_k cos(E_j, R_k), averaged over images, then over references",
    range: "[-1, 1]",
    source: "Law of Vision Representation, arXiv 2408.16357, first version",
  },
  "caption-log-likelihood": {
    formula: "mean over images of (1/T) sum_t log P(y_t | image, y_<t)",
    range: "(-inf, 0]",
    source: "Law of Vision Representation, arXiv 2408.16357, revised version",
  },
  "mutual-knn": {
    formula: "mean over images of |kNN_X(i) and kNN_Y(i) have in common| / k",
    range: "[0, 1]",
    source: "The Platonic Representation Hypothesis, arXiv 2405.07987",
  },
  "linear-cka": {
    formula: "|Xc^T Yc|_F^2 / (|Xc^T Xc|_F |Yc^T Yc|_F), columns centered",
    range: "[0, 1]",
    source: "Kornblith et al. 2019, arXiv 1905.00414",
  },
  logme: {
    formula: "max over a, b of log p(y | F, a, b) / n, averaged over the columns of y",
    range: "(-inf, inf)",
    source: "You et al. 2021, arXiv 2102.11005",
  },
  "gromov-wasserstein": {
    formula: "-sum_ijkl (C_ik - D_jl)^2 T_ij T_kl, C and D distances over their mean, T the entropic plan",
    range: "(-inf, 0]",
    source: "Peyré, Cuturi and Solomon, ICML 2016",
  },
};
