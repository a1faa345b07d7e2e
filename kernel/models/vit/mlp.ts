import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import * as nn from "../../nn";
import type { FullVitConfig, VitActivation } from "./config";
import { activateVit, VIT_INIT } from "./layers";

/** Feed-forward layer fc2(act(fc1(x))), with timm's names. */
export class VitMlp extends nn.Module {
  readonly fc1: nn.Linear;
  readonly fc2: nn.Linear;
  readonly act: VitActivation;
  private readonly drop: nn.Dropout;

  constructor({ embedDim, hiddenDim, projBias: bias, actLayer, projDropRate }: FullVitConfig) {
    super();
    this.act = actLayer;
    this.drop = new nn.Dropout(projDropRate);
    this.fc1 = new nn.Linear(embedDim, hiddenDim, { ...VIT_INIT, bias });
    this.fc2 = new nn.Linear(hiddenDim, embedDim, { ...VIT_INIT, bias });
  }

  /** @param x `[B, N, embedDim]` @returns `[B, N, embedDim]` */
  forward(x: Tensor): Tensor {
    const hidden = this.drop.forward(activateVit(this.fc1.forward(x), this.act));
    return this.drop.forward(this.fc2.forward(hidden));
  }
}

/** Gated layer fc2(silu(fc1_g(x)) ⊙ fc1_x(x)) (SwiGLU, arXiv 2002.05202), with timm's names. */
export class VitSwiGlu extends nn.Module {
  readonly fc1G: nn.Linear;
  readonly fc1X: nn.Linear;
  readonly fc2: nn.Linear;
  private readonly drop: nn.Dropout;

  constructor({ embedDim, hiddenDim, projBias: bias, projDropRate }: FullVitConfig) {
    super();
    this.drop = new nn.Dropout(projDropRate);
    this.fc1G = new nn.Linear(embedDim, hiddenDim, { ...VIT_INIT, bias });
    this.fc1X = new nn.Linear(embedDim, hiddenDim, { ...VIT_INIT, bias });
    this.fc2 = new nn.Linear(hiddenDim, embedDim, { ...VIT_INIT, bias });
  }

  /** @param x `[B, N, embedDim]` @returns `[B, N, embedDim]` */
  forward(x: Tensor): Tensor {
    const hidden = tf.mul(nn.silu(this.fc1G.forward(x)), this.fc1X.forward(x));
    return this.drop.forward(this.fc2.forward(this.drop.forward(hidden)));
  }
}

/** SwiGLU whose first layer holds gate and value, one after the other (timm's `SwiGLUPacked`, DINOv2 giant). */
export class VitSwiGluPacked extends nn.Module {
  readonly fc1: nn.Linear;
  readonly fc2: nn.Linear;
  private readonly drop: nn.Dropout;

  constructor({ embedDim, hiddenDim, projBias: bias, projDropRate }: FullVitConfig) {
    super();
    this.drop = new nn.Dropout(projDropRate);
    this.fc1 = new nn.Linear(embedDim, hiddenDim, { ...VIT_INIT, bias });
    this.fc2 = new nn.Linear(hiddenDim / 2, embedDim, { ...VIT_INIT, bias });
  }

  /** @param x `[B, N, embedDim]` @returns `[B, N, embedDim]` */
  forward(x: Tensor): Tensor {
    const [gate, value] = tf.split(this.fc1.forward(x), 2, -1);
    return this.drop.forward(this.fc2.forward(this.drop.forward(tf.mul(nn.silu(gate), value))));
  }
}

/** Feed-forward layer of a block. */
export type VitFeedForward = VitMlp | VitSwiGlu | VitSwiGluPacked;

/** Makes the configured feed-forward layer. */
export function makeMlp(config: FullVitConfig): VitFeedForward {
  switch (config.mlpLayer) {
    case "mlp":
      return new VitMlp(config);
    case "swiglu":
      return new VitSwiGlu(config);
    case "swiglu-packed":
      return new VitSwiGluPacked(config);
    default:
      return config.mlpLayer satisfies never;
  }
}

nn.allowCapture(VitMlp, { recipe: ({ act }) => act });
nn.allowCapture(VitSwiGlu);
nn.allowCapture(VitSwiGluPacked);
