import type { Tensor } from "../backend/tensor";
import { tf } from "../backend/tf";
import * as nn from "../nn";
import { SAK_INIT, type SakRouter } from "./layers";

/**
 * Gives a router one more expert with fresh weights; the rows of the others keep their bits.
 *
 * @param at place among the experts, of which the stem is 0
 * @param logit bias of the new expert's clean logit
 */
export function insertExpert(router: SakRouter, at: number, logit: number): void {
  const { inFeatures } = router.fc2;
  const layer = resized(router, router.experts + 1);
  const fresh = new nn.Parameter([parts(router), inFeatures], nn.truncatedNormal(0, 0.02));
  const row = (part: number): Tensor => tf.slice(fresh.value as Tensor, [part, 0], [1, inFeatures]);
  rewrite(router, layer, (rows, part) => spliced(rows, at, 0, row(part)));
  rewriteBias(router, layer, (rows, part) => spliced(rows, at, 0, tf.tensor([part === 0 ? logit : 0], [1, 1])));
  fresh.dispose();
  exchange(router, layer);
}

/** Takes an expert out of a router; the rows of the others keep their bits, so that their shares grow in proportion. */
export function removeExpert(router: SakRouter, at: number): void {
  const layer = resized(router, router.experts - 1);
  rewrite(router, layer, (rows) => spliced(rows, at, 1));
  rewriteBias(router, layer, (rows) => spliced(rows, at, 1));
  exchange(router, layer);
}

/** Number of logits of an expert: the clean one, and that of the noise. */
const parts = ({ noisyGating }: SakRouter): number => (noisyGating ? 2 : 1);

const resized = (router: SakRouter, experts: number): nn.Linear =>
  new nn.Linear(router.fc2.inFeatures, parts(router) * experts, { ...SAK_INIT, weightInit: nn.zeros });

type Edit = (rows: Tensor, part: number) => Tensor;

/** Assigns weights whose rows are edited in each part. */
function rewrite(router: SakRouter, layer: nn.Linear, edit: Edit): void {
  tf.tidy(() => {
    const rows = tf.split(router.fc2.weight.value as Tensor, parts(router), 0);
    layer.weight.assign(tf.concat(rows.map(edit), 0));
  });
}

function rewriteBias(router: SakRouter, layer: nn.Linear, edit: Edit): void {
  tf.tidy(() => {
    const { bias } = router.fc2;
    const columns = tf.split(tf.reshape((bias as nn.Parameter).value, [-1, 1]), parts(router), 0);
    layer.bias?.assign(tf.reshape(tf.concat(columns.map(edit), 0), [-1]));
  });
}

/** Returns rows [E, K] of which `count` from `at` on are exchanged for others. */
function spliced(rows: Tensor, at: number, count: number, fresh?: Tensor): Tensor {
  const [E, K] = rows.shape as [number, number];
  const before = tf.slice(rows, [0, 0], [at, K]);
  const after = tf.slice(rows, [at + count, 0], [E - at - count, K]);
  return tf.concat(
    [before, ...(fresh ? [fresh] : []), after].filter(({ size }) => size > 0),
    0,
  );
}

function exchange(router: SakRouter, layer: nn.Linear): void {
  for (const name of ["weight", "bias"] as const) {
    const [old, now] = [router.fc2[name], layer[name]];
    if (old && now) now.trainable = old.trainable;
  }
  router.fc2.dispose();
  router.fc2 = layer.train(router.training);
}
