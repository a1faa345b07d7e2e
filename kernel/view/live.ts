import { ProtocolError } from "../protocol/core/check";
import { COMM_TARGET, REQUEST, readMessage, readOpen, type ErrorReply, type Message } from "../protocol/core/messages";
import { currentHost, type Comm, type CommMessage, type JSONValue } from "../display/host";

/** The way from a view to one of its open viewers. */
export interface Channel {
  /** Sends a reply; does nothing once the viewer has closed. */
  send(reply: Message, buffers?: Uint8Array[]): void;
  /** Calls `work` when the viewer closes. */
  onClose(work: () => void): void;
}

/** A view that this session serves. The messages are the viewer's own: only their envelope is checked here. */
export interface LiveView {
  id: string;
  /** Bytes kept for the viewers alone. Default 0. */
  bytes?: number;
  /** Called for every viewer that opens, after `ready`. */
  open?(channel: Channel): void;
  /** Answers a request. An error, also of the promise, is sent to the viewer. @throws ProtocolError on a malformed request */
  serve?(request: Message, channel: Channel): void | Promise<void>;
}

/** Bytes kept for open notebooks; beyond this the oldest view answers `unknown-view` and its viewer falls back. */
let limit = 512_000_000;

const live = new Map<string, LiveView>();
let registered = false;

/** Serves a view to its viewers in the browser. Returns a function that stops it. */
export function keepLive(view: LiveView): () => void {
  live.set(view.id, view);
  dropOldest(view.id);
  registerTarget();
  return () => void live.delete(view.id);
}

/** Sets the limit; views beyond it are dropped at once, but for the newest. */
export function limitLiveBytes(bytes: number): void {
  limit = bytes;
  dropOldest([...live.keys()].at(-1));
}

/** Bytes that live views may keep. */
export const limitOfLiveBytes = (): number => limit;

function dropOldest(kept: string | undefined): void {
  for (const id of [...live.keys()]) if (id !== kept && liveBytes() > limit) live.delete(id);
}

/** Bytes that all live views keep. */
export function liveBytes(): number {
  return [...live.values()].reduce((sum, { bytes = 0 }) => sum + bytes, 0);
}

function registerTarget(): void {
  const host = currentHost();
  if (!host || registered) return;
  host.registerCommTarget(COMM_TARGET, acceptView);
  registered = true;
}

/** Serves one viewer: says `ready`, or why not, and answers requests. A malformed message is answered, never thrown. */
export function acceptView(comm: Comm, open: CommMessage): void {
  const channel = channelOf(comm);
  const view = guard(channel, () => findView(readOpen(open.data).view));
  if (!view) return;
  comm.onMessage((message) => answer(view, channel, message.data));
  channel.send({ type: "ready" });
  view.open?.(channel);
}

function channelOf(comm: Comm): Channel {
  return {
    send: (reply, buffers) => {
      if (!comm.closed) comm.send({ ...reply } as unknown as JSONValue, { buffers });
    },
    onClose: (work) => comm.onClose(work),
  };
}

function findView(id: string): LiveView {
  const view = live.get(id);
  if (view) return view;
  throw new UnknownView(`view ${id} is not in this session; run its cell again`);
}

class UnknownView extends Error {}

function answer(view: LiveView, channel: Channel, data: JSONValue): void {
  const answered = guard(channel, () => {
    // A viewer that is open stays so when its view is disposed of or dropped.
    findView(view.id);
    const request = readMessage(data, REQUEST);
    if (view.serve) return view.serve(request, channel);
    throw new ProtocolError(REQUEST, "type", "no request: this view answers none", request.type);
  });
  answered?.catch((error: unknown) => channel.send(errorReply(error)));
}

function guard<T>(channel: Channel, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    channel.send(errorReply(error));
    return undefined;
  }
}

function errorReply(error: unknown): ErrorReply {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof UnknownView) return { type: "error", code: "unknown-view", message };
  if (error instanceof ProtocolError) return { type: "error", code: "malformed", message, path: error.path };
  return { type: "error", code: "failed", message };
}
