import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import type { Parameter } from "../nn/parameter";
import { TrainError } from "./error";

/** A loss and its gradients by parameter name; all tensors are the caller's, {@link disposeGradients} frees them. */
export interface LossAndGradients {
  /** A scalar. */
  loss: Tensor;
  /** Only of parameters that the loss depends on. */
  gradients: Map<string, Tensor>;
}

/**
 * Computes a loss and its gradients. Frozen parameters get none, and no work is done for them.
 *
 * @param loss a function that computes a scalar; what it makes on its way is freed
 * @throws TrainError when the loss is no scalar, or depends on no trainable parameter
 */
export function lossAndGradients(loss: () => Tensor, parameters: ReadonlyMap<string, Parameter>): LossAndGradients {
  const fn = "train.lossAndGradients";
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

/** What tfjs's engine keeps of the operations of a gradient, until the gradient is there. */
interface Tape {
  gradientDepth: number;
  activeTape: { saved?: Tensor[] }[] | null;
}

/** Runs a computation of gradients; should it throw, what it recorded is freed, which tfjs does not do. */
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
export function disposeGradients({ loss, gradients }: LossAndGradients): void {
  loss.dispose();
  for (const gradient of gradients.values()) gradient.dispose();
}
