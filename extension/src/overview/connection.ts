import { Signal, type ISignal } from "@lumino/signaling";
import {
  OVERVIEW_TARGET,
  readOverviewReply,
  type ActivityReply,
  type CardReply,
  type OverviewRequest,
  type ShelfReply,
} from "fovea/protocol";
import type { Channel, ChannelSource, KernelChange } from "../comms/channel";

/** `none`: no kernel of ours, or one that serves no panel. `connecting`: asked, no answer yet. */
export type OverviewState = "none" | "connecting" | "live";

/** A panel's line to one kernel. Nothing is asked on its own: a notebook at rest stays at rest. */
export class OverviewConnection {
  /** Last message of the kernel. */
  shelf: ShelfReply | undefined;
  activity: ActivityReply | undefined;

  /** @param first requests that every kernel is sent at the start */
  constructor(
    private readonly source: ChannelSource,
    private readonly first: () => readonly OverviewRequest[],
  ) {
    source.changed.connect(this.onKernel, this);
    void this.connect();
  }

  get state(): OverviewState {
    return this.current;
  }

  /** Emits when there is something new to show. */
  get changed(): ISignal<this, void> {
    return this.changedSignal;
  }

  get cards(): ISignal<this, CardReply> {
    return this.cardSignal;
  }

  /** A request that the kernel refused, or an answer that breaks the protocol, in words. */
  get failed(): ISignal<this, string> {
    return this.failSignal;
  }

  send(request: OverviewRequest): void {
    this.channel?.send(request);
  }

  dispose(): void {
    this.disposed = true;
    Signal.clearData(this);
    this.source.changed.disconnect(this.onKernel, this);
    this.drop();
    this.source.dispose();
  }

  private async connect(): Promise<void> {
    const channel = await this.source.create(OVERVIEW_TARGET);
    if (!channel || this.disposed || this.channel) return;
    this.channel = channel;
    channel.onMessage((data) => this.receive(data));
    channel.onClose(() => {
      if (channel === this.channel) this.forget();
    });
    this.setState("connecting");
    channel.open({});
    for (const request of this.first()) this.send(request);
  }

  private receive(data: unknown): void {
    try {
      const reply = readOverviewReply(data);
      if (reply.type === "error") return this.failSignal.emit(reply.message);
      if (reply.type === "card") return this.cardSignal.emit(reply);
      if (reply.type === "shelf") this.shelf = reply;
      else this.activity = reply;
      this.current = "live";
      this.changedSignal.emit();
    } catch (error) {
      this.failSignal.emit(error instanceof Error ? error.message : String(error));
    }
  }

  /** A kernel that starts is idle at last; one that closed our line is asked again when there is another. */
  private onKernel(_: unknown, change: KernelChange): void {
    if (change !== "idle") {
      this.wasRefused = false;
      this.drop();
    }
    const asks = change === "exchanged" || (change === "idle" && !this.channel && !this.wasRefused);
    if (asks) void this.connect();
  }

  private drop(): void {
    const { channel } = this;
    this.forget();
    this.wasRefused = false;
    channel?.close();
  }

  private forget(): void {
    this.wasRefused = true;
    this.channel = undefined;
    this.shelf = undefined;
    this.activity = undefined;
    if (!this.disposed) this.setState("none");
  }

  private setState(state: OverviewState): void {
    this.current = state;
    this.changedSignal.emit();
  }

  private channel: Channel | undefined;
  private current: OverviewState = "none";
  private wasRefused = false;
  private disposed = false;
  private readonly changedSignal = new Signal<this, void>(this);
  private readonly cardSignal = new Signal<this, CardReply>(this);
  private readonly failSignal = new Signal<this, string>(this);
}
