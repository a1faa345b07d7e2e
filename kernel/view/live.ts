import { ProtocolError } from "../protocol/core/check";
import { encodeFloat16 } from "../numeric";
import { currentHost, type Comm, type CommMessage, type JSONValue, type MimeBundle } from "../display/host";
import {
  COMM_TARGET,
  MAX_MESSAGE_BYTES,
  readOpen,
  readRequest,
  type ErrorReply,
  type FeaturesReply,
  type FeaturesRequest,
  type FitReply,
  type FitRequest,
  type EventsReply,
  type RunsReply,
  type SelectRequest,
} from "../protocol/core/messages";
import type { RunCommand } from "../protocol/training/payload";
import type { FitChoice, SavedFit } from "../protocol/law/payload";
import type { FeaturePair } from "../protocol/correspondence/match";
import type { Side } from "../protocol/correspondence/payload";

/** A view that this session serves: its full features, or a fit that can be done again and a listener to selections. */
export interface LiveView {
  id: string;
  layers: FeaturePair[];
  refit?: (choice: FitChoice) => SavedFit;
  select?: (encoder: number | null) => Promise<void>;
  training?: TrainingService;
}

/** What a training view gives its viewers. */
export interface TrainingService {
  /** Sends what there is, then what happens; returns what ends it. */
  follow(send: (reply: RunsReply | EventsReply) => void): () => void;
  /** @throws ViewError for a run that is not there */
  steer(run: number, command: RunCommand): void;
  /** The output as it is now. */
  bundle(): MimeBundle;
}

/** Features kept for open notebooks; beyond this the oldest view answers `unknown-view` and its viewer falls back. */
const MAX_LIVE_BYTES = 512 * 1024 * 1024;

const live = new Map<string, LiveView>();
let registered = false;

/** Keeps the full features of a view for its browser side. Returns what lets go of them. */
export function keepLive(view: LiveView): () => void {
  live.set(view.id, view);
  for (const id of [...live.keys()]) if (id !== view.id && liveBytes() > MAX_LIVE_BYTES) live.delete(id);
  registerTarget();
  return () => void live.delete(view.id);
}

/** Bytes of features that all live views hold. */
export function liveBytes(): number {
  let bytes = 0;
  for (const view of live.values())
    for (const layer of view.layers) bytes += layer.features[0].byteLength + layer.features[1].byteLength;
  return bytes;
}

function registerTarget(): void {
  const host = currentHost();
  if (!host || registered) return;
  host.registerCommTarget(COMM_TARGET, acceptView);
  registered = true;
}

/** Serves one viewer: says `ready`, or why not, and answers requests. A malformed message is answered, never thrown. */
export function acceptView(comm: Comm, open: CommMessage): void {
  const view = guard(comm, () => findView(open.data));
  if (!view) return;
  comm.onMessage((message) => void guard(comm, () => answer(comm, view, message.data)));
  comm.send({ type: "ready" });
  if (view.training) follow(comm, view.training);
}

/** A training goes on whatever becomes of its viewers. */
function follow(comm: Comm, training: TrainingService): void {
  const leave = training.follow((reply) => {
    if (!comm.closed) comm.send({ ...reply } as unknown as JSONValue);
  });
  comm.onClose(leave);
}

function findView(data: JSONValue): LiveView {
  const { view: id } = readOpen(data);
  const view = live.get(id);
  if (view) return view;
  throw new UnknownView(`view ${id} is not in this session; run its cell again`);
}

class UnknownView extends Error {}

function answer(comm: Comm, view: LiveView, data: JSONValue): void {
  const request = readRequest(data);
  switch (request.type) {
    case "features":
      return sendFeatures(comm, view, request);
    case "fit":
      return comm.send({ ...fitReply(view, request) } as unknown as JSONValue);
    case "select":
      return tellSelection(comm, view, request);
    case "steer":
      return trainingOf(view).steer(request.run, request.command);
    case "bundle":
      return comm.send({ type: "bundle", bundle: trainingOf(view).bundle() });
    default:
      return request satisfies never;
  }
}

function trainingOf({ training }: LiveView): TrainingService {
  if (training) return training;
  throw new ProtocolError("fovea.view request", "type", "one of this view: it shows no training", "steer or bundle");
}

function tellSelection(comm: Comm, view: LiveView, { encoder }: SelectRequest): void {
  if (!view.select) throw new ProtocolError("fovea.view request", "type", "features or fit: nobody listens", "select");
  view.select(encoder).catch((error: unknown) => comm.send({ ...errorReply(error) }));
}

function sendFeatures(comm: Comm, view: LiveView, request: FeaturesRequest): void {
  if (request.layer >= view.layers.length)
    throw new ProtocolError("fovea.view request", "layer", `below ${view.layers.length}`, request.layer);
  for (const part of featureParts(view.layers[request.layer], request.layer, request.image))
    comm.send({ ...part.reply }, { buffers: [part.buffer] });
}

function fitReply(view: LiveView, { serial, choice }: FitRequest): FitReply {
  if (!view.refit) throw new ProtocolError("fovea.view request", "type", "features: this view cannot fit", "fit");
  const start = performance.now();
  const fit = view.refit(choice);
  return { type: "fit", serial, milliseconds: performance.now() - start, fit };
}

/** The features of one image as messages of at most {@link MAX_MESSAGE_BYTES}. */
export function featureParts(
  pair: FeaturePair,
  layer: number,
  image: Side,
  limit: number = MAX_MESSAGE_BYTES,
): { reply: FeaturesReply; buffer: Uint8Array }[] {
  const { channels } = pair;
  const features = pair.features[image];
  const total = features.length / channels;
  const step = Math.max(1, Math.floor(limit / (2 * channels)));
  const starts = Array.from({ length: Math.ceil(total / step) }, (_, i) => i * step);
  return starts.map((start) => {
    const tokens = Math.min(step, total - start);
    const buffer = encodeFloat16(features.subarray(start * channels, (start + tokens) * channels));
    return { reply: { type: "features", layer, image, channels, start, tokens, total }, buffer };
  });
}

function guard<T>(comm: Comm, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    comm.send({ ...errorReply(error) });
    return undefined;
  }
}

function errorReply(error: unknown): ErrorReply {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof UnknownView) return { type: "error", code: "unknown-view", message };
  if (error instanceof ProtocolError) return { type: "error", code: "malformed", message, path: error.path };
  return { type: "error", code: "failed", message };
}
