import type { KernelMessage } from "@jupyterlab/services";
import type { IKernel } from "@jupyterlite/services";
import { Signal, type ISignal } from "@lumino/signaling";

/** The part of `jupyter.js` that a kernel is made with. */
export interface KernelModule {
  startJupyter(options: { base: string; send(message: KernelMessage.IMessage): void }): PageKernel;
}

interface PageKernel {
  readonly ready: Promise<void>;
  receive(message: KernelMessage.IMessage): void;
  interrupt(): void;
  close(): void;
}

/** A kernel as JupyterLite knows it. */
export class LiteKernel implements IKernel {
  readonly id: string;
  readonly name: string;
  readonly location: string;
  readonly ready: Promise<void>;
  private readonly kernel: PageKernel;
  private readonly ended = new Signal<this, void>(this);
  private isEnded = false;

  constructor({ id, name, location, sendMessage }: IKernel.IOptions, start: (send: IKernel.SendMessage) => PageKernel) {
    this.id = id;
    this.name = name;
    this.location = location;
    this.kernel = start((message) => {
      if (!this.isEnded) sendMessage(message);
    });
    this.ready = this.kernel.ready;
  }

  get isDisposed(): boolean {
    return this.isEnded;
  }

  get disposed(): ISignal<this, void> {
    return this.ended;
  }

  /** Returns at once: JupyterLite hands over one message at a time, and comms are to be heard while a cell runs. */
  async handleMessage(message: KernelMessage.IMessage): Promise<void> {
    this.kernel.receive(message);
  }

  interrupt(): void {
    this.kernel.interrupt();
  }

  dispose(): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.kernel.close();
    this.ended.emit();
    Signal.clearData(this);
  }
}
