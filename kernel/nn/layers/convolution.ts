import { fitsConv } from "../../backend/fused";
import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import { fusedOperation, fusedOr } from "../operations/fused";
import { linear } from "./linear";
import { isTiling, unfold, type WindowSizes } from "../operations/unfold";

/**
 * Convolution of pictures, by the device's own operation where it has one, otherwise as a product with windows, because no backend of
 * tfjs has all gradients of a convolution.
 *
 * @param x [B, C, H, W]
 * @param weight [O, C, rows, columns]
 * @param bias [O], or null
 * @returns [B, H', W', O]
 */
export function convolution(x: Tensor, weight: Tensor, bias: Tensor | null, sizes: WindowSizes): Tensor {
  const isProduct = isTiling(x.shape.slice(2), sizes) || !fitsConv(weight.shape);
  const fused = isProduct ? null : fusedConvolution(x, weight, bias, sizes);
  return fused ? tf.transpose(fused, [0, 2, 3, 1]) : windowProduct(x, weight, bias, sizes);
}

function windowProduct(x: Tensor, weight: Tensor, bias: Tensor | null, sizes: WindowSizes): Tensor {
  const windows = unfold(tf.transpose(x, [0, 2, 3, 1]), sizes);
  const flat = tf.reshape(tf.transpose(weight, [0, 2, 3, 1]), [weight.shape[0], -1]);
  return linear(windows, flat, bias ?? undefined);
}

function fusedConvolution(x: Tensor, weight: Tensor, bias: Tensor | null, sizes: WindowSizes): Tensor | null {
  const { stride, padding, kernel } = sizes;
  const attrs = { down: stride[0], across: stride[1], top: padding[0], left: padding[1] };
  // For a gradient of a gradient, tfjs differentiates the product with windows.
  const formula = (x: Tensor, weight: Tensor): Tensor =>
    tf.transpose(windowProduct(x, weight, null, sizes), [0, 3, 1, 2]);
  return fusedOperation({
    name: "conv",
    inputs: bias ? { x, weight, bias } : { x, weight },
    attrs,
    saved: () => [x, weight],
    gradients: (dy, [x, weight]) => ({
      x: () => fusedOr("conv/x", [dy, weight, x], attrs, () => tf.grad((x) => formula(x, weight))(x, dy)),
      weight: () =>
        fusedOr("conv/weight", [dy, x], { ...attrs, rows: kernel[0], columns: kernel[1] }, () =>
          tf.grad((weight) => formula(x, weight))(weight, dy),
        ),
      bias: () => tf.sum(dy, [0, 2, 3]),
    }),
  });
}
