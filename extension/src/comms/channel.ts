import type { Buffers, Message } from "fovea/protocol";
import type { ISignal } from "@lumino/signaling";

/**
 * `none`: no kernel, or not one of ours. `connecting`: asked, no answer yet (a running cell may hold it up).
 * `live`: the kernel serves this view. `stale`: the kernel does not know it, as after a restart.
 */
export type ConnectionState = "none" | "connecting" | "live" | "stale";

/** A two-way line to a kernel, such as a comm. */
export interface Channel {
  open(data: object): void;
  send(data: object): void;
  close(): void;
  onMessage(work: (data: unknown, buffers: Buffers) => void): void;
  /** Calls `work` when the kernel closes the line: one that has no such target does so at once. */
  onClose(work: () => void): void;
}

/** `gone`: the kernel stopped. `exchanged`: there is another one. `idle`: it can be asked. */
export type KernelChange = "gone" | "exchanged" | "idle";

/** A place where a kernel may be. */
export interface ChannelSource {
  /** A new line to a target of the kernel, or `undefined` where there is none of ours. */
  create(target: string): Promise<Channel | undefined>;
  readonly changed: ISignal<unknown, KernelChange>;
  dispose(): void;
}

/** A reply as it came, for the reader of its viewer. */
export interface Received {
  message: Message;
  buffers: Buffers;
}

/** Sends a request of a viewer. Does nothing unless the kernel serves the view. */
export type Send = (request: Message) => void;
