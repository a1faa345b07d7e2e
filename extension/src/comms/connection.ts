import { Signal, type ISignal } from "@lumino/signaling";
import {
  COMM_TARGET,
  PROTOCOL_VERSION,
  REPLY,
  readError,
  readMessage,
  type Buffers,
  type ErrorReply,
  type Message,
  type OpenData,
} from "fovea/protocol";
import type { Channel, ChannelSource, ConnectionState, KernelChange, Received } from "./channel";

/** One view's line to the kernel of its notebook; opens again when the kernel changes or restarts. Knows no viewer. */
export class ViewConnection {
  constructor(
    private readonly source: ChannelSource,
    private readonly view: string,
  ) {
    source.changed.connect(this.onKernel, this);
    void this.connect();
  }

  get state(): ConnectionState {
    return this.current;
  }

  get stateChanged(): ISignal<this, ConnectionState> {
    return this.stateSignal;
  }

  /** Replies to the viewer. Their envelope is checked, the rest is for the viewer's reader. */
  get received(): ISignal<this, Received> {
    return this.receivedSignal;
  }

  /** An error of the kernel or a message that breaks the protocol, as text. */
  get failed(): ISignal<this, string> {
    return this.failSignal;
  }

  /** Sends a request of the viewer. Does nothing unless `live`. */
  send(request: Message): void {
    if (this.current === "live") this.channel?.send(request);
  }

  dispose(): void {
    this.disposed = true;
    Signal.clearData(this);
    this.drop();
    this.source.dispose();
  }

  private async connect(): Promise<void> {
    const channel = await this.source.create(COMM_TARGET);
    if (!channel || this.disposed || this.channel) return;
    this.channel = channel;
    channel.onMessage((data, buffers) => this.receive(data, buffers));
    channel.onClose(() => this.closed(channel));
    this.setState("connecting");
    const open: OpenData = { version: PROTOCOL_VERSION, view: this.view };
    channel.open(open);
  }

  private receive(data: unknown, buffers: Buffers): void {
    try {
      this.handle(readMessage(data, REPLY), buffers);
    } catch (error) {
      this.failSignal.emit(error instanceof Error ? error.message : String(error));
    }
  }

  private handle(message: Message, buffers: Buffers): void {
    if (message.type === "ready") this.setState("live");
    else if (message.type === "error") this.fail(readError(message));
    else this.receivedSignal.emit({ message, buffers });
  }

  private fail({ code, message }: ErrorReply): void {
    if (code === "unknown-view") this.setState("stale");
    else this.failSignal.emit(message);
  }

  private closed(channel: Channel): void {
    if (channel !== this.channel) return;
    this.channel = undefined;
    this.setState("stale");
  }

  private onKernel(_: unknown, change: KernelChange): void {
    if (change !== "idle") this.drop();
    const asks = change === "exchanged" || (change === "idle" && !this.channel && this.current === "none");
    if (asks) void this.connect();
  }

  private drop(): void {
    const { channel } = this;
    this.channel = undefined;
    channel?.close();
    if (!this.disposed) this.setState("none");
  }

  private setState(state: ConnectionState): void {
    if (state === this.current) return;
    this.current = state;
    this.stateSignal.emit(state);
  }

  private channel: Channel | undefined;
  private current: ConnectionState = "none";
  private disposed = false;
  private readonly stateSignal = new Signal<this, ConnectionState>(this);
  private readonly receivedSignal = new Signal<this, Received>(this);
  private readonly failSignal = new Signal<this, string>(this);
}
