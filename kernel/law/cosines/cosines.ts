import { cosineGraph } from "./cosine-graphs";
import { Lanes } from "./lanes";
import type { StagedRows } from "./staging";

/** Cosines of rows, computed by onnxruntime in its threads. The caller that makes an instance disposes of it. */
export class Cosines {
  private readonly lanes = new Lanes(cosineGraph(), "cpu");
  readonly staging = this.lanes.staging;

  /**
   * Cosines of every row of `queries` with every row of `keys`, `[Q, K]`, in float32; a row of zeros gives 0.
   *
   * @param queries made by `staging`, which takes them back
   * @param keys `[K, width]`, copied
   */
  async rows(queries: StagedRows, keys: Float32Array, width: number): Promise<Float32Array> {
    if (queries.data.length === 0) return new Float32Array(0);
    const { cosines } = await this.lanes.run({ queries, keys: this.staging.copy(keys, width) }, ["cosines"]);
    return cosines.data as Float32Array;
  }

  dispose(): Promise<void> {
    return this.lanes.dispose();
  }
}
