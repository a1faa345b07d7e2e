import { onnxruntime, resolveDevice, type DeviceRequest } from "../backend";
import type { TokenSet } from "./a-score";
import { alignmentGraph } from "./alignment-graph";

/** Computes `mean_j max_k cos(queries_j, keys_k)` of two token sets of one width; what the A score spends its time on. */
export interface Aligner {
  align(queries: TokenSet, keys: TokenSet): Promise<number>;
  /** Frees what it holds. */
  dispose(): Promise<void>;
}

/**
 * An aligner that runs in onnxruntime, for token sets as large as those of language models (float32; the score agrees with the
 * exact one to about 1e-6).
 *
 * @param options `device`: default `cpu`; `auto` takes the best that starts
 * @throws DeviceError when the device does not start
 */
export async function aligner({ device = "cpu" }: { device?: DeviceRequest } = {}): Promise<Aligner> {
  const session = await onnxruntime.create(alignmentGraph(), { device: await resolveDevice(device, "law.aligner") });
  // The session takes its feeds away, and the tokens are the caller's.
  const feed = ({ data, width }: TokenSet) => {
    return { type: "float32" as const, data: data.slice(), dims: [data.length / width, width] };
  };
  return {
    async align(queries, keys) {
      const { score } = await session.run({ queries: feed(queries), keys: feed(keys) }, ["score"]);
      return score.data[0] as number;
    },
    dispose: () => session.dispose(),
  };
}
