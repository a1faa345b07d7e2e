import { cosineGraph } from "./cosine-graphs";
import { type StagedRows, Staging } from "./staging";
import { onnxruntime } from "../../backend/onnxruntime";
import type { BackendSession, HostTensor } from "../../backend/types";
import type { Device } from "../../backend";
import { platform } from "../../platform";

/** Cosines of rows, computed by onnxruntime in its threads. The caller that makes an instance disposes of it. */
export class Cosines {
  readonly staging: Staging;
  private readonly lanes: Lanes;

  /** @param where public function, for errors */
  constructor(where: string) {
    this.lanes = new Lanes(where, cosineGraph(), "cpu");
    this.staging = this.lanes.staging;
  }

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

/** Number of runs on one processor at the same time. */
const COUNT = 2;

/**
 * One graph in several sessions that take runs in turn. Parallel products keep a processor busier than one product on
 * all cores: none waits for another's last rows or for the work between two products.
 */
export class Lanes {
  readonly staging = new Staging();
  private readonly sessions: (Promise<BackendSession> | undefined)[] = [];
  private readonly count: number;
  private turn = 0;

  /** Each session is made on its first turn. */
  constructor(
    private readonly where: string,
    private readonly model: Uint8Array,
    private readonly device: Device,
  ) {
    this.count = device === "cpu" ? Math.min(COUNT, platform().cores()) : 1;
  }

  /** Runs the graph on rows made by `staging`, which takes them back. */
  async run(feeds: Record<string, StagedRows>, fetches: string[]): Promise<Record<string, HostTensor>> {
    const session = await this.session(this.turn++ % this.count);
    const results = await session.run(feeds, fetches, { lend: true });
    for (const feed of Object.values(feeds)) this.staging.give(feed);
    return results;
  }

  async dispose(): Promise<void> {
    const sessions = this.sessions.splice(0);
    await Promise.all(sessions.map(async (session) => (await session)?.dispose()));
  }

  private session(lane: number): Promise<BackendSession> {
    const threads = Math.max(1, Math.floor(platform().cores() / this.count));
    return (this.sessions[lane] ??= onnxruntime.create(this.model, {
      fn: this.where,
      device: this.device,
      lane,
      threads,
    }));
  }
}
