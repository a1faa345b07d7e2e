import type { BackendSession, HostTensor, SessionOptions } from "../backend/types";
import type { Device } from "../backend";
import { onnxruntime } from "../backend/onnxruntime";
import type { Analysis } from "../onnx/inspect";
import { editModel } from "../onnx/edit";
import { widen } from "../onnx/widen";
import type { SideFeeds } from "./side-inputs";
import { floatToHalf, halfToFloat } from "../numeric";

/** Float tensor on the host. */
export interface FloatTensor {
  data: Float32Array;
  dims: number[];
}

/** Most sessions of cut graphs that are kept. */
const MAX_CUTS = 3;

/**
 * One ONNX model as sessions. The graph is edited so that requested tensors are outputs, and cut so that nothing else
 * is computed. The session of the whole graph is made once, those of cut graphs on demand.
 */
export class Network {
  private readonly sessions = new Map<string, Promise<BackendSession>>();
  private readonly full: string[];

  constructor(
    readonly analysis: Analysis,
    readonly device: Device,
    private readonly fn: string,
    private readonly sides: SideFeeds = () => ({}),
    private readonly share: Pick<SessionOptions, "lane" | "threads"> = {},
  ) {
    const { model, structure } = analysis;
    this.full = [
      ...new Set([...model.outputs.map((output) => output.name), ...structure.blocks.map((block) => block.residual)]),
    ];
  }

  /** True when products are computed in integers. */
  get isQuantized(): boolean {
    return this.analysis.model.quantized.size > 0;
  }

  /**
   * Batch size fixed by the exporter; null where the graph takes any. With int8 it is one: the range of a quantised
   * tensor covers all its images, and an image's features must not depend on its batch.
   */
  get fixedBatch(): number | null {
    if (this.isQuantized) return 1;
    const batch = this.analysis.image.dims?.[0];
    return typeof batch === "number" && batch > 0 ? batch : null;
  }

  /**
   * Returns the same model with separate sessions that run in parallel with other lanes. They serve many images, so
   * loading weights in the processor's preferred layout pays off; the first session reads weights unchanged from the
   * file for a faster start.
   */
  inLane(lane: number, threads: number): Network {
    const { model } = this.analysis;
    const isWorth = this.device === "cpu" && !this.isQuantized;
    const analysis = isWorth ? { ...this.analysis, model: { ...model, widened: widen(model) } } : this.analysis;
    return new Network(analysis, this.device, this.fn, this.sides, { lane, threads });
  }

  /** Makes the session of the whole graph, so that a model that the runtime refuses fails at once. */
  async open(): Promise<void> {
    await this.session(this.full);
  }

  /**
   * Computes `fetches` for a batch of prepared images.
   *
   * @param cut leave out everything that `fetches` do not need; this takes a separate session, as do tensors inside of
   *   blocks
   * @param fn public function, for errors
   */
  async run(
    pixelValues: Float32Array,
    dims: number[],
    fetches: string[],
    cut: boolean,
    fn = this.fn,
  ): Promise<FloatTensor[]> {
    const own = cut || fetches.some((name) => !this.full.includes(name));
    const session = await this.session(own ? fetches : this.full);
    const results = await session.run(
      { [this.analysis.image.name]: this.feed(pixelValues, dims), ...this.sides(dims) },
      fetches,
      { fn },
    );
    return fetches.map((name) => toFloat(results[name]));
  }

  private feed(data: Float32Array, dims: number[]): HostTensor {
    const isHalf = this.analysis.image.dataType === 10;
    return isHalf ? { type: "float16", data: floatToHalf(data), dims } : { type: "float32", data, dims };
  }

  private session(outputs: string[]): Promise<BackendSession> {
    const key = outputs.join("\n");
    const known = this.sessions.get(key);
    if (known) return known;
    this.forgetOldest();
    const made = this.create(outputs);
    this.sessions.set(key, made);
    made.catch(() => this.sessions.delete(key));
    return made;
  }

  private create(outputs: string[]): Promise<BackendSession> {
    const { bytes, weightsFolder } = editModel(this.analysis.model, outputs, this.fn);
    return onnxruntime.create(bytes, { ...this.share, fn: this.fn, device: this.device, weightsFolder });
  }

  private forgetOldest(): void {
    const cuts = [...this.sessions.keys()].filter((key) => key !== this.full.join("\n"));
    if (cuts.length < MAX_CUTS) return;
    void this.sessions.get(cuts[0])?.then((session) => session.dispose());
    this.sessions.delete(cuts[0]);
  }

  async dispose(): Promise<void> {
    const sessions = [...this.sessions.values()];
    this.sessions.clear();
    await Promise.all(sessions.map(async (session) => (await session).dispose()));
  }
}

function toFloat({ type, data, dims }: HostTensor): FloatTensor {
  return { data: type === "float16" ? halfToFloat(data as Uint16Array) : (data as Float32Array), dims };
}
