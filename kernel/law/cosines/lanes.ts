import { onnxruntime } from "../../backend/onnxruntime";
import type { BackendSession, HostTensor } from "../../backend/types";
import type { Device } from "../../backend";
import { platform } from "../../platform";
import { Staging, type StagedRows } from "./staging";

/** Runs that go on at once on a processor. */
const COUNT = 2;

/**
 * One graph in several sessions, which take its runs by turns. Products that run side by side keep a processor busier than one that
 * uses all cores: none waits for another's last rows, or for what is done between two of them.
 */
export class Lanes {
  readonly staging = new Staging();
  private readonly sessions: (Promise<BackendSession> | undefined)[] = [];
  private readonly count: number;
  private turn = 0;

  /** Sessions are made when their turn first comes. */
  constructor(
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
    return (this.sessions[lane] ??= onnxruntime.create(this.model, { device: this.device, lane, threads }));
  }
}
