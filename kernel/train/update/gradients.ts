import { checkArguments } from "../../rules/arguments";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import type { Parameter } from "../../nn/module/parameter";
import { TrainError } from "../error";

/** Loss and its gradients by parameter name. The tensors belong to the caller; {@link disposeGradients} frees them. */
export interface LossAndGradients {
  /** Loss, a scalar. */
  loss: Tensor;
  /** Gradients of the parameters that the loss depends on. */
  gradients: Map<string, Tensor>;
}

/**
 * Computes a loss and its gradients. Frozen parameters get no gradient and cost no work.
 *
 * @param loss a function that computes a scalar; its intermediate tensors are freed
 * @throws TrainError when the loss is no scalar, or depends on no trainable parameter
 */
export function lossAndGradients(loss: () => Tensor, parameters: ReadonlyMap<string, Parameter>): LossAndGradients {
  const fn = "train.lossAndGradients";
  checkArguments(fn, TrainError, { loss, parameters }, { loss: "function", parameters: "map" });
  const trainable = [...parameters].filter(([, parameter]) => parameter.trainable);
  if (!trainable.length) throw new TrainError(fn, "a parameter must be trainable", [...parameters.keys()]);
  const checked = (): Tensor => {
    const value = loss();
    if (value.size !== 1) throw new TrainError(fn, "the loss must be a scalar", value.shape);
    return tf.reshape(value, []);
  };
  const variables = trainable.map(([, { value }]) => value);
  const { value, grads } = recorded(() => tf.variableGrads(checked as never, variables));
  const gradients = new Map<string, Tensor>();
  for (const [name, { value: variable }] of trainable) {
    const gradient = grads[variable.name] as Tensor | null;
    if (gradient) gradients.set(name, gradient);
  }
  return { loss: value, gradients };
}

/** Operations that tfjs's engine keeps until the gradient is computed. */
interface Tape {
  gradientDepth: number;
  activeTape: { saved?: Tensor[] }[] | null;
}

/** Runs a computation of gradients. If it throws, the recorded tensors are freed, which tfjs does not do. */
function recorded<T>(compute: () => T): T {
  try {
    return compute();
  } catch (error) {
    const { state } = tf.engine() as unknown as { state: Tape };
    if (state.gradientDepth === 0) {
      for (const tensor of state.activeTape?.flatMap(({ saved }) => saved ?? []) ?? []) tensor.dispose();
      state.activeTape = null;
    }
    throw error;
  }
}

/** Frees a loss and its gradients. */
export function disposeGradients(result: LossAndGradients): void {
  checkArguments("train.disposeGradients", TrainError, { result }, { result: { loss: "tensor", gradients: "map" } });
  const { loss, gradients } = result;
  loss.dispose();
  for (const gradient of gradients.values()) gradient.dispose();
}
