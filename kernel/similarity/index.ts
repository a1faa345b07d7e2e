/** Similarity of two sets of features: kernel alignment, common neighbors, and geometry without a pairing. */

export { gromovWasserstein, type GromovWasserstein, type GromovWassersteinOptions } from "./gromov-wasserstein";
export { type LinearCka, linearCka, type MutualKnn, mutualKnn, type MutualKnnOptions } from "./kernels";
export type { TokenSet } from "./token-set";
export { SimilarityError } from "./error";
