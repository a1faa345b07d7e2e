import type { FusedPlanner } from "./fused";
import type { Graph } from "./graph";
import type { Emit } from "./runtime";

/** Number of inputs of each parameter: value, gradient, first and second moment. */
const EACH = 4;

/** Names of the scalars that change from step to step. */
interface Scalars {
  /** √(1 - β₂ᵗ). */
  correction: string;
  /** 1 - η λ. */
  decay: string;
  /** η / (1 - β₁ᵗ). */
  rate: string;
}

type Constants = Readonly<Record<string, number>>;

/**
 * Update of AdamW for several parameters. The inputs are three scalars √(1 - β₂ᵗ), 1 - η λ and η / (1 - β₁ᵗ), then value,
 * gradient, first and second moment of each; the outputs are value and moments of each.
 */
export const adamW: FusedPlanner = (inputs, attrs) => {
  const count = (inputs.length - 3) / EACH;
  const emit: Emit = (graph, [correction, decay, rate, ...rest]) =>
    Array.from({ length: count }, (_, i) => rest.slice(i * EACH, (i + 1) * EACH)).flatMap((names) =>
      updated(graph, names, { correction, decay, rate }, attrs),
    );
  const shapes = Array.from({ length: count }, (_, i) => inputs[3 + i * EACH].shape).flatMap((one) => [one, one, one]);
  const key = `adamW ${count} ${attrs.beta1} ${attrs.beta2} ${attrs.eps}`;
  return { operation: { key, emit, arena: true }, shapes };
};

function updated(graph: Graph, names: readonly string[], scalars: Scalars, { beta1, beta2, eps }: Constants): string[] {
  const [value, gradient, first, second] = names;
  const node = (op: string, ...inputs: (string | number)[]): string =>
    graph.node(
      op,
      inputs.map((one) => (typeof one === "number" ? graph.scalar(one) : one)),
    );
  const m = node("Add", first, node("Mul", node("Sub", gradient, first), 1 - beta1));
  const square = node("Mul", node("Mul", gradient, gradient), 1 - beta2);
  const v = node("Add", node("Mul", second, beta2), square);
  const denominator = node("Add", node("Div", node("Sqrt", v), scalars.correction), eps);
  const change = node("Mul", node("Div", m, denominator), scalars.rate);
  return [node("Sub", node("Mul", value, scalars.decay), change), m, v];
}
