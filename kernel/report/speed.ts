import type { ImageInput } from "../data/image";
import type { Encoder } from "../encoders/encoder";
import { quantile } from "../numeric";

/** Time and memory of an encoder, as measured on this machine. */
export interface EncoderSpeed {
  /** Number of timed runs behind each figure. */
  runs: number;
  /** Median milliseconds for one picture, its preparation included. */
  oneMs: number;
  /** First and third quartile of `oneMs`. */
  oneQuartiles: [low: number, high: number];
  /** Number of pictures of a batch. */
  batch: number;
  /** Median milliseconds for a picture of a batch. */
  batchMs: number;
  /** Bytes of the weights as float32. */
  weightBytes: number;
}

const BATCH = 8;
/** Runs before the timed ones: the first ones allocate and plan. */
const WARM_UP = 2;

/** Measures one picture and a batch of the same picture, all blocks computed. */
export async function measureSpeed(
  encoder: Encoder,
  picture: ImageInput,
  runs: number,
  signal?: AbortSignal,
): Promise<EncoderSpeed> {
  const one = await times(encoder, [picture], runs, signal);
  const many = await times(encoder, new Array<ImageInput>(BATCH).fill(picture), runs, signal);
  return {
    runs,
    oneMs: quantile(one, 0.5),
    oneQuartiles: [quantile(one, 0.25), quantile(one, 0.75)],
    batch: BATCH,
    batchMs: quantile(many, 0.5) / BATCH,
    weightBytes: 4 * encoder.info.parameters,
  };
}

/** Milliseconds of each run, sorted. */
async function times(
  encoder: Encoder,
  pictures: readonly ImageInput[],
  runs: number,
  signal?: AbortSignal,
): Promise<number[]> {
  const found: number[] = [];
  for (let run = -WARM_UP; run < runs; run++) {
    signal?.throwIfAborted();
    const start = performance.now();
    await encoder.forwardIntermediates(pictures, { indices: [-1], intermediatesOnly: true });
    if (run >= 0) found.push(performance.now() - start);
  }
  return found.sort((a, b) => a - b);
}
