import { append } from "../numeric";
import type { Network } from "./network";
import type { CheckedOptions } from "./options";
import { type Preprocessed, preprocess } from "./preprocess/batch";
import type { EncoderInput, Geometry, Preprocess } from "./preprocess/preprocess";

/** Model and options of a run over batches. */
export interface BatchJob extends Pick<CheckedOptions, "batchSize" | "onProgress" | "signal"> {
  network: Network;
  plan: Preprocess;
  images: readonly EncoderInput[];
  /** Name of the public function in errors. */
  fn: string;
}

/**
 * Runs `step` on each batch in order; the next batch is decoded while the model works on the present one.
 *
 * @returns the placement of each image in the model's input
 */
export async function eachBatch(
  { network, plan, images, fn, batchSize, onProgress, signal }: BatchJob,
  step: (batch: Preprocessed, start: number, count: number) => Promise<void>,
): Promise<Geometry[]> {
  const fixed = network.fixedBatch;
  const size = fixed ?? batchSize;
  const prepare = (start: number): Promise<Preprocessed> => preprocess(images.slice(start, start + size), plan, fn);
  const geometry: Geometry[] = [];
  let next = prepare(0);
  for (let start = 0; start < images.length; start += size) {
    signal?.throwIfAborted();
    const batch = await next;
    next = prepare(start + size);
    // A bad image of the next batch is reported on its turn instead of as an unhandled rejection now.
    next.catch(() => {});
    const count = batch.geometry.length;
    await step(fixed === null ? batch : padBatch(batch, fixed), start, count);
    append(geometry, batch.geometry);
    onProgress({ done: Math.min(start + size, images.length), total: images.length });
  }
  return geometry;
}

/** Pads a batch with empty pictures, for a graph with a fixed batch size. */
function padBatch(batch: Preprocessed, size: number): Preprocessed {
  const [count, ...rest] = batch.dims;
  if (count === size) return batch;
  const pixelValues = new Float32Array((batch.pixelValues.length / count) * size);
  pixelValues.set(batch.pixelValues);
  return { ...batch, pixelValues, dims: [size, ...rest] };
}
