import { type Graph, MICROSOFT } from "./graph";
import { inParts, partsOf } from "./parts";
import { transposed } from "./product";
import type { Emit, FusedPlanner } from "./runtime";

/** Sizes of an attention: q [B, H, N, d], k and v [B, G, M, d]. */
interface Sizes {
  B: number;
  H: number;
  N: number;
  d: number;
  G: number;
  M: number;
}

/** Names of the values that both directions need. */
interface Weights {
  q: string;
  /** Weights before dropout, and after. Query heads of a group are stacked: [B, G, H / G · N, M]. */
  weights: string;
  dropped: string;
}

const product = (graph: Graph, a: string, b: string, transA: number, transB: number, alpha = 1): string =>
  graph.node("FusedMatMul", [a, b], { domain: MICROSOFT, attributes: { transA, transB, alpha: { float: alpha } } });

/**
 * Emits aᵀ b for narrow b. The runtime reads a transposed left matrix slowly, so that the narrow one is it: (bᵀ a)ᵀ.
 */
const productOfTransposed = (graph: Graph, a: string, b: string, alpha = 1): string =>
  transposed(graph, product(graph, b, a, 1, 0, alpha), [0, 1, 3, 2]);

const reshape = (graph: Graph, x: string, shape: readonly number[]): string =>
  graph.node("Reshape", [x, graph.integers(shape)]);

/** Emits softmax(q kᵀ / √d + mask), and its values after dropout. */
function weightsOf(graph: Graph, q: string, k: string, extras: Extras, sizes: Sizes): Weights {
  const { B, H, N, d, G, M } = sizes;
  const grouped = G !== H;
  const stacked = grouped ? reshape(graph, q, [B, G, (H / G) * N, d]) : q;
  const scores = product(graph, stacked, k, 0, 1, d ** -0.5);
  const apart = grouped ? reshape(graph, scores, [B, H, N, M]) : scores;
  const masked = extras.mask === undefined ? apart : graph.node("Add", [apart, extras.mask]);
  const plain = graph.node("Softmax", [masked]);
  const dropped = extras.kept === undefined ? plain : graph.node("Mul", [plain, extras.kept]);
  const together = (x: string): string => (grouped ? reshape(graph, x, [B, G, (H / G) * N, M]) : x);
  const weights = together(plain);
  return { q: stacked, weights, dropped: extras.kept === undefined ? weights : together(dropped) };
}

/** Names of the optional inputs: a mask that is added, and what dropout keeps, which is multiplied. */
interface Extras {
  mask?: string;
  kept?: string;
}

/** Reads the optional inputs that follow the others; the flags say which are there. */
function extrasOf(names: readonly string[], { hasMask, hasKept }: Readonly<Record<string, number>>): Extras {
  return { mask: hasMask ? names[0] : undefined, kept: hasKept ? names[hasMask ? 1 : 0] : undefined };
}

function sizesOf([q, k]: Parameters<FusedPlanner>[0]): Sizes {
  const [B, H, N, d] = q.shape;
  return { B, H, N, d, G: k.shape[1], M: k.shape[2] };
}

/** Distinguishes graphs: with grouped heads, or in parts, they contain their shapes. */
const keyOf = (name: string, sizes: Sizes, { hasMask, hasKept }: Readonly<Record<string, number>>): string => {
  const { B, H, N, d, G, M } = sizes;
  const shapes = G === H && batchParts(sizes).length === 1 ? "" : [B, H, N, G, M].join();
  return `${name} ${d} ${hasMask} ${hasKept} ${shapes}`;
};

/** Number of scores that are computed at once; more would leave the processor's cache and take memory. */
const SCORES_AT_ONCE = 2 ** 19;

const batchParts = ({ B, H, N, M }: Sizes): number[] => partsOf(B, B * H * N * M, SCORES_AT_ONCE);

/** Emits an operation on a part of the batch. */
type EmitBatch = (graph: Graph, names: readonly string[], sizes: Sizes) => readonly string[];

/** Emits an operation by parts of the batch; a mask for all of it is not parted. */
function byBatch(emit: EmitBatch, inputs: Parameters<FusedPlanner>[0], sizes: Sizes): Emit {
  const isParted = inputs.map(({ shape }) => shape.length === 4 && shape[0] === sizes.B);
  return inParts((graph, names, B) => emit(graph, names, { ...sizes, B }), batchParts(sizes), isParted);
}

/** Attention of q, k, v, and the mask and dropout's values where the attributes say so: [B, H, N, d]. */
export const attend: FusedPlanner = (inputs, attrs) => {
  const sizes = sizesOf(inputs);
  const emitPart: EmitBatch = (graph, [q, k, v, ...rest], part) => {
    const { dropped } = weightsOf(graph, q, k, extrasOf(rest, attrs), part);
    const y = product(graph, dropped, v, 0, 0);
    return [part.G === part.H ? y : reshape(graph, y, [part.B, part.H, part.N, part.d])];
  };
  const emit = byBatch(emitPart, inputs, sizes);
  const { B, H, N, d } = sizes;
  return { operation: { key: keyOf("attend", sizes, attrs), emit, arena: true, heavy: true }, shapes: [[B, H, N, d]] };
};

/**
 * Gradients in q, k and v, from q, k, v, y, dy and the optional inputs. The weights are computed again, which costs less
 * than to keep them. The sum of weights times their gradients over a row is the sum of y dy over its features.
 */
export const attendGradient: FusedPlanner = (inputs, attrs) => {
  const sizes = sizesOf(inputs);
  const emitPart: EmitBatch = (graph, [q, k, v, y, dy, ...rest], part) => {
    const { B, H, N, d, G } = part;
    const extras = extrasOf(rest, attrs);
    const stack = (x: string): string => (G === H ? x : reshape(graph, x, [B, G, (H / G) * N, d]));
    const { q: stacked, weights, dropped } = weightsOf(graph, q, k, extras, part);
    const dYs = stack(dy);
    const dV = productOfTransposed(graph, dropped, dYs);
    const along = graph.node("ReduceSum", [graph.node("Mul", [dYs, stack(y)]), graph.integers([3])]);
    const dScores = scoreGradient(graph, product(graph, dYs, v, 0, 1), { weights, along }, extras, part);
    const dQ = product(graph, dScores, k, 0, 0, d ** -0.5);
    const dK = productOfTransposed(graph, dScores, stacked, d ** -0.5);
    return [G === H ? dQ : reshape(graph, dQ, [B, H, N, d]), dK, dV];
  };
  const emit = byBatch(emitPart, inputs, sizes);
  const shapes = inputs.slice(0, 3).map(({ shape }) => shape);
  return { operation: { key: keyOf("attend/all", sizes, attrs), emit, arena: true, heavy: true }, shapes };
};

/** Emits weights · (dWeights - along), the gradient of the softmax. */
function scoreGradient(
  graph: Graph,
  dDropped: string,
  { weights, along }: { weights: string; along: string },
  { kept }: Extras,
  { B, H, N, G, M }: Sizes,
): string {
  const keptThere = kept === undefined || G === H ? kept : reshape(graph, kept, [B, G, (H / G) * N, M]);
  const dWeights = keptThere === undefined ? dDropped : graph.node("Mul", [dDropped, keptThere]);
  return graph.node("Mul", [weights, graph.node("Sub", [dWeights, along])]);
}
