import type { ISessionContext } from "@jupyterlab/apputils";
import type { Kernel, KernelMessage } from "@jupyterlab/services";
import { Signal, type ISignal } from "@lumino/signaling";
import { readStatus, STATUS_TARGET, type DeviceStatus } from "fovea/protocol";

const LANGUAGE = "typescript";

/**
 * Follows the status of one notebook's session while that notebook is active. The kernel tells of runs by itself; it is asked
 * only when a cell has ended, so that a notebook at rest stays at rest and its kernel can be culled.
 */
export class StatusConnection {
  constructor(private readonly context: ISessionContext) {
    context.iopubMessage.connect(this.onMessage, this);
    context.kernelChanged.connect(this.drop, this);
    void this.ask();
  }

  /** Undefined until the session has run a model. */
  get status(): DeviceStatus | undefined {
    return this.current;
  }

  get changed(): ISignal<this, void> {
    return this.changedSignal;
  }

  dispose(): void {
    this.disposed = true;
    Signal.clearData(this);
    this.context.iopubMessage.disconnect(this.onMessage, this);
    this.context.kernelChanged.disconnect(this.drop, this);
    this.drop();
  }

  private onMessage(_: ISessionContext, message: KernelMessage.IMessage): void {
    const { header, parent_header: parent, content } = message;
    if (header.msg_type !== "status" || !("msg_type" in parent)) return;
    const { execution_state: state } = content as KernelMessage.IStatusMsg["content"];
    if (state === "restarting" || state === "autorestarting") this.drop();
    else if (state === "idle" && parent.msg_type === "execute_request") void this.ask();
  }

  /** Sends one line, or opens the comm: a session that has run nothing refuses it, and is tried again after the next cell. */
  private async ask(): Promise<void> {
    const kernel = this.context.session?.kernel;
    if (!kernel?.handleComms || !(await isOurs(kernel)) || this.disposed) return;
    if (this.comm && !this.comm.isDisposed) return void this.comm.send({ type: "ask" });
    const comm = kernel.createComm(STATUS_TARGET);
    this.comm = comm;
    comm.onMsg = ({ content }) => this.receive(content.data);
    comm.onClose = () => {
      if (this.comm === comm) this.comm = undefined;
    };
    comm.open({});
  }

  private receive(data: unknown): void {
    try {
      this.current = readStatus(data);
    } catch (error) {
      console.warn(error instanceof Error ? error.message : String(error));
      this.current = undefined;
    }
    this.changedSignal.emit();
  }

  private drop(): void {
    const comm = this.comm;
    this.comm = undefined;
    this.current = undefined;
    if (comm && !comm.isDisposed) closeQuietly(comm);
    if (!this.disposed) this.changedSignal.emit();
  }

  private comm: Kernel.IComm | undefined;
  private current: DeviceStatus | undefined;
  private disposed = false;
  private readonly changedSignal = new Signal<this, void>(this);
}

async function isOurs(kernel: Kernel.IKernelConnection): Promise<boolean> {
  const info = await kernel.info.catch(() => null);
  return info?.language_info.name === LANGUAGE && info.implementation === "fovea";
}

/** Closing fails when the kernel is gone already, which is then what was wanted. */
function closeQuietly(comm: Kernel.IComm): void {
  try {
    comm.close();
  } catch {
    comm.dispose();
  }
}
