import { product } from "../../numeric";
import type { Graph } from "./graph";
import type { Emit, FusedPlanner } from "./runtime";

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

/** Number of values up to which parameters are joined: an operator on few of them takes longer to call than to compute. */
const SMALL = 2 ** 14;

/**
 * Update of AdamW for several parameters. The inputs are three scalars √(1 - β₂ᵗ), 1 - η λ and η / (1 - β₁ᵗ), then value,
 * gradient, first and second moment of each; the outputs are value and moments of each.
 */
export const adamW: FusedPlanner = (inputs, attrs) => {
  const shapes = Array.from({ length: (inputs.length - 3) / EACH }, (_, i) => inputs[3 + i * EACH].shape);
  const emit: Emit = (graph, [correction, decay, rate, ...rest]) => {
    const all = shapes.map((_, i) => rest.slice(i * EACH, (i + 1) * EACH));
    const update = (names: readonly string[]): string[] => updated(graph, names, { correction, decay, rate }, attrs);
    const small = shapes.flatMap((shape, i) => (product(shape) <= SMALL ? [i] : []));
    const joined = together(
      graph,
      small.map((i) => ({ names: all[i], shape: shapes[i] })),
      update,
    );
    return all.flatMap((names, i) => joined[small.indexOf(i)] ?? update(names));
  };
  const sizes = shapes.map((shape) => shape.join("x")).join();
  const key = `adamW ${sizes} ${attrs.beta1} ${attrs.beta2} ${attrs.eps}`;
  return { operation: { key, emit, arena: true }, shapes: shapes.flatMap((one) => [one, one, one]) };
};

/** Emits the update of parameters as if they were one; returns value and moments of each. */
function together(
  graph: Graph,
  parameters: readonly { names: readonly string[]; shape: readonly number[] }[],
  update: (names: readonly string[]) => string[],
): string[][] {
  if (parameters.length < 2) return parameters.map(({ names }) => update(names));
  const attributes = { axis: 0 };
  const sizes = parameters.map(({ shape }) => product(shape));
  const reshaped = (name: string, one: number, shape: readonly number[]): string =>
    parameters[one].shape.length === 1 ? name : graph.node("Reshape", [name, graph.integers(shape)]);
  const joined = Array.from({ length: EACH }, (_, part) =>
    graph.node(
      "Concat",
      sizes.map((size, one) => reshaped(parameters[one].names[part], one, [size])),
      { attributes },
    ),
  );
  const results = update(joined).map((name) =>
    graph.multiple("Split", [name, graph.integers(sizes)], { attributes, outputs: sizes.length }),
  );
  return parameters.map(({ shape }, one) => results.map((names) => reshaped(names[one], one, shape)));
}

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
