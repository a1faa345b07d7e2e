import { checkArguments } from "../rules/arguments";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { VceError } from "./error";

/** Options of {@link Vce}. */
export interface VceOptions {
  /** Fused hidden states, by index as in `forwardIntermediates`. Default: the paper's for CLIP-L. */
  indices?: readonly number[];
  /** Level whose tokens are the queries and are enhanced, one of `indices`. Default: the first, the paper's -2. */
  anchor?: number;
  /** Number of heads. Default 16. */
  heads?: number;
  /** Places that each head samples in each level. Default 4. */
  points?: number;
  /** Keep a third norm that the release makes and never uses, so that its tensors load. Default false. */
  unusedNorm?: boolean;
}

const FN = "vce.Vce";
const NAMES: OptionNames<VceOptions> = { indices: true, anchor: true, heads: true, points: true, unusedNorm: true };

/** Levels of the paper for CLIP-L, of 24 blocks. */
const PAPER_INDICES = [-2, -8, -14, -20];

/**
 * Fills in the paper's defaults and checks the levels.
 *
 * @throws VceError for an unknown name, a level named twice, or an anchor that is not among the levels
 */
export function fullVceOptions(options: VceOptions): Required<VceOptions> {
  checkOptionNames(FN, options, NAMES, VceError);
  const { indices = PAPER_INDICES, heads = 16, points = 4, unusedNorm = false } = options;
  checkArguments(FN, VceError, { indices }, { indices: ["number"] });
  const { anchor = indices[0] } = options;
  if (!indices.length || new Set(indices).size < indices.length)
    throw new VceError(FN, "indices must name at least one level, each once", [...indices]);
  if (!indices.includes(anchor)) throw new VceError(FN, `anchor must be one of ${indices.join(", ")}`, anchor);
  return { indices, anchor, heads, points, unusedNorm };
}
