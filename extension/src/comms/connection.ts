import type { ISessionContext } from "@jupyterlab/apputils";
import type { Kernel, KernelMessage } from "@jupyterlab/services";
import type { JSONObject } from "@lumino/coreutils";
import { Signal, type ISignal } from "@lumino/signaling";
import {
  COMM_TARGET,
  PROTOCOL_VERSION,
  type BundleReply,
  type BundleRequest,
  readFeatureBuffer,
  readReply,
  type FeaturesReply,
  type FeaturesRequest,
  type FitChoice,
  type FitRequest,
  type OpenData,
  type RunCommand,
  type SelectRequest,
  type SteerRequest,
  type UncheckedEventsReply,
  type UncheckedFitReply,
  type UncheckedRunsReply,
} from "fovea/protocol";

/**
 * `none`: no kernel, or not one of ours. `connecting`: asked, no answer yet (a running cell may hold it up).
 * `live`: the kernel serves this view. `stale`: the kernel does not know it, as after a restart.
 */
export type ConnectionState = "none" | "connecting" | "live" | "stale";

/** Full features of some rows of one image at one layer. */
export interface FeaturePart {
  reply: FeaturesReply;
  values: Float32Array;
}

/** What the kernel says of a training. */
export type TrainingReply = UncheckedRunsReply | UncheckedEventsReply | BundleReply;

const LANGUAGE = "typescript";
const GONE: readonly Kernel.Status[] = ["restarting", "autorestarting", "terminating", "dead"];

/** One view's comm to the kernel of its notebook; opens again when the kernel changes or restarts. */
export class ViewConnection {
  constructor(
    private readonly context: ISessionContext,
    private readonly view: string,
  ) {
    context.kernelChanged.connect(this.reconnect, this);
    context.statusChanged.connect(this.onStatus, this);
    void this.connect();
  }

  get state(): ConnectionState {
    return this.current;
  }

  get stateChanged(): ISignal<this, ConnectionState> {
    return this.stateSignal;
  }

  get partReceived(): ISignal<this, FeaturePart> {
    return this.partSignal;
  }

  get fitReceived(): ISignal<this, UncheckedFitReply> {
    return this.fitSignal;
  }

  get trainingReceived(): ISignal<this, TrainingReply> {
    return this.trainingSignal;
  }

  /** An error of the kernel or a message that breaks the protocol, as text. */
  get failed(): ISignal<this, string> {
    return this.failSignal;
  }

  /** Asks for the features of both images at a layer. Does nothing unless `live`. */
  request(layer: number): void {
    if (this.current !== "live") return;
    for (const image of [0, 1] as const) {
      const request: FeaturesRequest = { type: "features", layer, image };
      this.comm?.send({ ...request });
    }
  }

  /** Asks for a fit; the answer carries the same `serial`. Does nothing unless `live`. */
  refit(serial: number, choice: FitChoice): void {
    const request: FitRequest = { type: "fit", serial, choice };
    if (this.current === "live") this.comm?.send({ ...request } as unknown as JSONObject);
  }

  /** Tells of a selection in a law view. Does nothing unless `live`. */
  select(encoder: number | null): void {
    const request: SelectRequest = { type: "select", encoder };
    if (this.current === "live") this.comm?.send({ ...request });
  }

  /** Pauses, resumes or stops a run of a training view. Does nothing unless `live`. */
  steer(run: number, command: RunCommand): void {
    const request: SteerRequest = { type: "steer", run, command };
    if (this.current === "live") this.comm?.send({ ...request });
  }

  /** Asks for the output as it is now, to be saved. Does nothing unless `live`. */
  askBundle(): void {
    const request: BundleRequest = { type: "bundle" };
    if (this.current === "live") this.comm?.send({ ...request });
  }

  dispose(): void {
    this.disposed = true;
    Signal.clearData(this);
    this.drop();
  }

  private async connect(): Promise<void> {
    const kernel = this.context.session?.kernel;
    if (!kernel?.handleComms || !(await speaks(kernel)) || this.disposed) return;
    if (this.comm || kernel !== this.context.session?.kernel) return;
    const comm = kernel.createComm(COMM_TARGET);
    this.comm = comm;
    comm.onMsg = (message) => this.receive(message);
    comm.onClose = () => this.closed(comm);
    this.setState("connecting");
    const open: OpenData = { version: PROTOCOL_VERSION, view: this.view };
    comm.open({ ...open } as JSONObject);
  }

  private receive(message: KernelMessage.ICommMsgMsg): void {
    try {
      this.handle(message);
    } catch (error) {
      this.failSignal.emit(error instanceof Error ? error.message : String(error));
    }
  }

  private handle(message: KernelMessage.ICommMsgMsg): void {
    const reply = readReply(message.content.data);
    switch (reply.type) {
      case "ready":
        return this.setState("live");
      case "features":
        return this.partSignal.emit({ reply, values: readFeatureBuffer(reply, message.buffers ?? []) });
      case "fit":
        return this.fitSignal.emit(reply);
      case "runs":
      case "events":
      case "bundle":
        return this.trainingSignal.emit(reply);
      case "error":
        if (reply.code === "unknown-view") return this.setState("stale");
        return this.failSignal.emit(reply.message);
      default:
        return reply satisfies never;
    }
  }

  /** A kernel that has no such target closes the comm at once. */
  private closed(comm: Kernel.IComm): void {
    if (comm !== this.comm) return;
    this.comm = undefined;
    this.setState("stale");
  }

  private onStatus(_: ISessionContext, status: Kernel.Status): void {
    if (GONE.includes(status)) this.drop();
    else if (status === "idle" && !this.comm && this.current === "none") void this.connect();
  }

  private reconnect(): void {
    this.drop();
    void this.connect();
  }

  private drop(): void {
    const comm = this.comm;
    this.comm = undefined;
    if (comm && !comm.isDisposed) closeQuietly(comm);
    if (!this.disposed) this.setState("none");
  }

  private setState(state: ConnectionState): void {
    if (state === this.current) return;
    this.current = state;
    this.stateSignal.emit(state);
  }

  private comm: Kernel.IComm | undefined;
  private current: ConnectionState = "none";
  private disposed = false;
  private readonly stateSignal = new Signal<this, ConnectionState>(this);
  private readonly partSignal = new Signal<this, FeaturePart>(this);
  private readonly fitSignal = new Signal<this, UncheckedFitReply>(this);
  private readonly trainingSignal = new Signal<this, TrainingReply>(this);
  private readonly failSignal = new Signal<this, string>(this);
}

/** Asking another language's kernel for our target would print a warning in its notebook. */
async function speaks(kernel: Kernel.IKernelConnection): Promise<boolean> {
  try {
    return (await kernel.info).language_info.name === LANGUAGE;
  } catch {
    return false;
  }
}

/** Closing fails when the kernel is gone already, which is then what was wanted. */
function closeQuietly(comm: Kernel.IComm): void {
  try {
    comm.close();
  } catch {
    comm.dispose();
  }
}
