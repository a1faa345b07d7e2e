import { ProtocolError, count, index, nullable, number, object, oneOf, optional, text } from "./check";
import { decodeFloat16 } from "../../numeric";
import { fitChoice, type FitChoice, type SavedFit } from "../law/payload";
import { PROTOCOL_VERSION, type Side } from "../correspondence/payload";
import type { RunCommand, RunEvent, SavedRun } from "../training/payload";

/** The comm target that the kernel registers; the viewer opens one comm a view with {@link OpenData}. */
export const COMM_TARGET = "fovea.view";
/** No message carries more than this many bytes of buffers; larger layers come in parts. */
export const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;

/** Data of `comm_open`: which view the browser shows. */
export interface OpenData {
  version: 1;
  view: string;
}

/** Browser to kernel: send the features of one image at one layer. */
export interface FeaturesRequest {
  type: "features";
  /** Position in the payload's `layers`. */
  layer: number;
  image: Side;
}

/** Browser to kernel: fit the table of a law view again. */
export interface FitRequest {
  type: "fit";
  /** Given back in the answer: an answer to an older question is dropped. */
  serial: number;
  choice: FitChoice;
}

/** Browser to kernel: an encoder of a law view was selected, or none. */
export interface SelectRequest {
  type: "select";
  /** Position in the payload's `encoders`. */
  encoder: number | null;
}

/** Browser to kernel: pause, resume or stop a run of a training view. */
export interface SteerRequest {
  type: "steer";
  /** Position in the payload's `runs`. */
  run: number;
  command: RunCommand;
}

/** Browser to kernel: the whole output as it is now, to be saved in the notebook. */
export interface BundleRequest {
  type: "bundle";
}

export type Request = FeaturesRequest | FitRequest | SelectRequest | SteerRequest | BundleRequest;

/** Kernel to browser, once after opening. */
export interface ReadyReply {
  type: "ready";
}

/** Kernel to browser: unit-length features as float16 in one buffer, rows `start` to `start + tokens` of `total`. */
export interface FeaturesReply {
  type: "features";
  layer: number;
  image: Side;
  channels: number;
  start: number;
  tokens: number;
  total: number;
}

/** Kernel to browser: the fit asked for, and how long it took. */
export interface FitReply {
  type: "fit";
  serial: number;
  milliseconds: number;
  /** To be read with `readFit`, which knows the table. */
  fit: SavedFit;
}

/** Kernel to browser, once after `ready`: what a training view has so far. To be read with `readRuns`. */
export interface RunsReply {
  type: "runs";
  runs: SavedRun[];
}

/** Kernel to browser: what went on in a run since. To be read with `readEvents`. */
export interface EventsReply {
  type: "events";
  run: number;
  events: RunEvent[];
}

/** Kernel to browser: the output, by mime type. */
export interface BundleReply {
  type: "bundle";
  bundle: Record<string, unknown>;
}

export type ErrorCode = "unknown-view" | "malformed" | "failed";
const ERROR_CODES: readonly ErrorCode[] = ["unknown-view", "malformed", "failed"];

/** Errors are data: shown in the view, which goes on. */
export interface ErrorReply {
  type: "error";
  code: ErrorCode;
  message: string;
  /** Where in the request, for `malformed`. */
  path?: string;
}

/** A fit as it came: its shape depends on the view's table. */
export type UncheckedFitReply = Omit<FitReply, "fit"> & { fit: unknown };

/** Runs and events as they came: their readers are loaded with the viewer that needs them. */
export type UncheckedRunsReply = Omit<RunsReply, "runs"> & { runs: unknown };
export type UncheckedEventsReply = Omit<EventsReply, "events"> & { events: unknown };

export type Reply =
  ReadyReply | FeaturesReply | UncheckedFitReply | UncheckedRunsReply | UncheckedEventsReply | BundleReply | ErrorReply;

const open = object<OpenData>({ version: oneOf<1>([PROTOCOL_VERSION]), view: text(100) });
const side = oneOf<Side>([0, 1]);
const requestKind = object<{ type: Request["type"] }>({
  type: oneOf(["features", "fit", "select", "steer", "bundle"]),
});
const featuresRequest = object<FeaturesRequest>({ type: oneOf(["features"]), layer: index, image: side });
const selectRequest = object<SelectRequest>({ type: oneOf(["select"]), encoder: nullable(index) });
const steerRequest = object<SteerRequest>({
  type: oneOf(["steer"]),
  run: index,
  command: oneOf<RunCommand>(["pause", "resume", "stop"]),
});
const fitRequest = object<FitRequest>({ type: oneOf(["fit"]), serial: index, choice: fitChoice });
const kind = object<{ type: Reply["type"] }>({
  type: oneOf(["ready", "features", "fit", "runs", "events", "bundle", "error"]),
});
const error = object<ErrorReply>({
  type: oneOf(["error"]),
  code: oneOf(ERROR_CODES),
  message: text(4000),
  path: optional(text(400)),
});
const features = object<FeaturesReply>({
  type: oneOf(["features"]),
  layer: index,
  image: side,
  channels: count,
  start: index,
  tokens: count,
  total: number({ min: 1, max: 1 << 20, integer: true }),
});

const fit = object<UncheckedFitReply>({
  type: oneOf(["fit"]),
  serial: index,
  milliseconds: number({ min: 0, max: 1e9 }),
  fit: (value) => value,
});

const runs = object<UncheckedRunsReply>({ type: oneOf(["runs"]), runs: (value) => value });
const events = object<UncheckedEventsReply>({ type: oneOf(["events"]), run: index, events: (value) => value });
const bundle = object<BundleReply>({
  type: oneOf(["bundle"]),
  bundle: (value, path, where) => {
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
    throw new ProtocolError(where, path, "an object", value);
  },
});

export function readOpen(value: unknown, where = "fovea.view comm_open"): OpenData {
  return open(value, "", where);
}

export function readRequest(value: unknown, where = "fovea.view request"): Request {
  const { type } = requestKind(value, "", where);
  switch (type) {
    case "features":
      return featuresRequest(value, "", where);
    case "fit":
      return fitRequest(value, "", where);
    case "select":
      return selectRequest(value, "", where);
    case "steer":
      return steerRequest(value, "", where);
    case "bundle":
      return { type };
    default:
      return type satisfies never;
  }
}

/** Validates a reply of the kernel. @throws ProtocolError */
export function readReply(value: unknown, where = "fovea.view reply"): Reply {
  const { type } = kind(value, "", where);
  switch (type) {
    case "ready":
      return { type };
    case "error":
      return error(value, "", where);
    case "fit":
      return fit(value, "", where);
    case "runs":
      return runs(value, "", where);
    case "events":
      return events(value, "", where);
    case "bundle":
      return bundle(value, "", where);
    case "features":
      return checkPart(features(value, "", where), where);
    default:
      return type satisfies never;
  }
}

function checkPart(reply: FeaturesReply, where: string): FeaturesReply {
  if (reply.start + reply.tokens <= reply.total) return reply;
  throw new ProtocolError(where, "tokens", `at most ${reply.total - reply.start} after start`, reply.tokens);
}

/** The float16 buffer of a {@link FeaturesReply} as floats `[tokens, channels]`. @throws ProtocolError on a wrong length. */
export function readFeatureBuffer(
  reply: FeaturesReply,
  buffers: readonly (ArrayBuffer | ArrayBufferView)[],
  where = "fovea.view reply",
): Float32Array {
  const expected = reply.tokens * reply.channels * 2;
  const bytes = buffers.length === 1 ? asBytes(buffers[0]) : undefined;
  if (bytes?.length === expected) return decodeFloat16(bytes);
  throw new ProtocolError(where, "buffers", `one buffer of ${expected} bytes`, bytes ?? buffers.length);
}

function asBytes(buffer: ArrayBuffer | ArrayBufferView): Uint8Array {
  if (!ArrayBuffer.isView(buffer)) return new Uint8Array(buffer);
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
