import {
  onnxruntime,
  resolveDevice,
  type BackendSession,
  type Device,
  type DeviceRequest,
  type HostTensor,
} from "../backend";
import type { TokenSet } from "./a-score";
import { alignmentGraph, type Direction } from "./cosine-graphs";
import { Staging } from "./staging";

/** Computes what the A score spends its time on. */
export interface Aligner {
  /**
   * For each reference: the mean, over the tokens of one side, of the best cosine with any token of the other; `direction` says which
   * side looks. All sets have one width.
   */
  align(target: TokenSet, references: readonly TokenSet[], direction: Direction): Promise<number[]>;
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
  return new RuntimeAligner(await resolveDevice(device, "law.aligner"));
}

/** One session a number of references and direction, made when it is first needed. */
class RuntimeAligner implements Aligner {
  private readonly staging = new Staging();
  private readonly sessions = new Map<string, Promise<BackendSession>>();

  constructor(private readonly device: Device) {}

  async align(target: TokenSet, references: readonly TokenSet[], direction: Direction): Promise<number[]> {
    const session = await this.session(references.length, direction);
    const named = references.map((set, i): [string, TokenSet] => [`reference${i}`, set]);
    const feeds = Object.fromEntries(
      [["target", target] as const, ...named].map(([name, set]) => [name, this.feed(set)]),
    );
    const names = references.map((_, i) => `score${i}`);
    const results = await session.run(feeds, names, { lend: true });
    for (const { data } of Object.values(feeds)) this.staging.give(data);
    return names.map((name) => results[name].data[0] as number);
  }

  async dispose(): Promise<void> {
    const sessions = [...this.sessions.values()];
    this.sessions.clear();
    for (const session of sessions) await (await session).dispose();
  }

  private session(references: number, direction: Direction): Promise<BackendSession> {
    const key = `${references} ${direction}`;
    const known = this.sessions.get(key);
    if (known) return known;
    const made = onnxruntime.create(alignmentGraph(references, direction), { device: this.device });
    this.sessions.set(key, made);
    return made;
  }

  /** A copy: what a session works on is away meanwhile, and the tokens are the caller's. */
  private feed({ data, width }: TokenSet): HostTensor {
    return { type: "float32", data: this.staging.copy(data), dims: [data.length / width, width] };
  }
}
