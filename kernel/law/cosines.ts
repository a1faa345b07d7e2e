import { onnxruntime, type BackendSession } from "../backend";
import { cosineGraph } from "./cosine-graphs";
import { Staging } from "./staging";

/** Cosines of rows, computed by onnxruntime in a thread of its own. Owned by who made it. */
export class Cosines {
  readonly staging = new Staging();

  private constructor(private readonly session: BackendSession) {}

  /** One thread of onnxruntime: rows are gathered and judged here at the same time, which takes about as long. */
  static async create(): Promise<Cosines> {
    return new Cosines(await onnxruntime.create(cosineGraph(), { device: "cpu", threads: 1 }));
  }

  /**
   * Cosines of every row of `queries` with every row of `keys`, `[Q, K]`, in float32; a row of zeros gives 0.
   *
   * @param queries `[Q, width]` in memory of `staging`, which goes back there
   * @param keys `[K, width]`, copied
   */
  async rows(queries: Float32Array, keys: Float32Array, width: number): Promise<Float32Array> {
    if (queries.length === 0) return new Float32Array(0);
    const matrix = (data: Float32Array) => ({ type: "float32" as const, data, dims: [data.length / width, width] });
    const feeds = { queries: matrix(queries), keys: matrix(this.staging.copy(keys)) };
    const { cosines } = await this.session.run(feeds, ["cosines"], { lend: true });
    this.staging.give(feeds.queries.data);
    this.staging.give(feeds.keys.data);
    return cosines.data as Float32Array;
  }

  dispose(): Promise<void> {
    return this.session.dispose();
  }
}
