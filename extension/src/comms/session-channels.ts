import type { ISessionContext } from "@jupyterlab/apputils";
import type { Kernel } from "@jupyterlab/services";
import type { JSONObject } from "@lumino/coreutils";
import { Signal, type ISignal } from "@lumino/signaling";
import type { Buffers } from "fovea/protocol";
import type { Channel, ChannelSource, KernelChange } from "./channel";

const LANGUAGE = "typescript";
const GONE: readonly Kernel.Status[] = ["restarting", "autorestarting", "terminating", "dead"];

/** Comms to the kernel of a notebook's session. */
export class SessionChannels implements ChannelSource {
  constructor(private readonly context: ISessionContext) {
    context.kernelChanged.connect(this.onExchange, this);
    context.statusChanged.connect(this.onStatus, this);
  }

  get changed(): ISignal<this, KernelChange> {
    return this.signal;
  }

  async create(target: string): Promise<Channel | undefined> {
    const kernel = this.context.session?.kernel;
    if (!kernel?.handleComms || !(await speaks(kernel)) || this.disposed) return undefined;
    return kernel === this.context.session?.kernel ? new CommChannel(kernel, target) : undefined;
  }

  dispose(): void {
    this.disposed = true;
    Signal.clearData(this);
  }

  private onExchange(): void {
    this.signal.emit("exchanged");
  }

  private onStatus(_: ISessionContext, status: Kernel.Status): void {
    if (GONE.includes(status)) this.signal.emit("gone");
    else if (status === "idle") this.signal.emit("idle");
  }

  private disposed = false;
  private readonly signal = new Signal<this, KernelChange>(this);
}

/** A comm that is made when it is opened: one that nobody opens leaves no trace in the kernel's connection. */
class CommChannel implements Channel {
  constructor(
    private readonly kernel: Kernel.IKernelConnection,
    private readonly target: string,
  ) {}

  open(data: object): void {
    this.comm = this.kernel.createComm(this.target);
    this.comm.onMsg = ({ content, buffers }) => this.receive(content.data, buffers ?? []);
    this.comm.onClose = () => this.closed();
    this.comm.open(data as JSONObject);
  }

  send(data: object): void {
    this.comm?.send(data as JSONObject);
  }

  close(): void {
    if (this.comm) closeQuietly(this.comm);
  }

  onMessage(work: (data: unknown, buffers: Buffers) => void): void {
    this.receive = work;
  }

  onClose(work: () => void): void {
    this.closed = work;
  }

  private comm: Kernel.IComm | undefined;
  private receive: (data: unknown, buffers: Buffers) => void = () => undefined;
  private closed: () => void = () => undefined;
}

/** Asking another language's kernel for our target would print a warning in its notebook. */
async function speaks(kernel: Kernel.IKernelConnection): Promise<boolean> {
  try {
    return (await kernel.info).language_info.name === LANGUAGE;
  } catch {
    return false;
  }
}

/** Closing fails when the kernel is gone already: then there is nothing left to close. */
function closeQuietly(comm: Kernel.IComm): void {
  if (comm.isDisposed) return;
  try {
    comm.close();
  } catch {
    comm.dispose();
  }
}
