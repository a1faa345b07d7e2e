import { flag, index, list, nullable, number, object, oneOf, optional, pair, type Reader, text } from "./core/check";
import { type ErrorReply, type Message, messageReader } from "./core/messages";
import { type DeviceStatus, deviceStatus, RUN_STATES, type RunState } from "./status";

/** Target of the comm by which JupyterLab's side panel asks a session for its models, data, memory and work. */
export const OVERVIEW_TARGET = "fovea.overview";

/** Names in error texts for the two directions. */
const [REQUEST, REPLY] = ["fovea.overview request", "fovea.overview reply"];

/** Place where an encoder lies: the package, the notebook's folder, or the cache of the hub. */
export type EncoderPlace = "zoo" | "folder" | "cache";

/** An encoder on the disk. */
export interface ListedEncoder {
  /** Source as `encoders.load` takes it. */
  source: string;
  /** File inside of a repository, where `encoders.load` needs its name. */
  file?: string;
  place: EncoderPlace;
  bytes: number;
}

/** An adapter in PEFT's layout. */
export interface ListedAdapter {
  /** Folder, from the notebook's. */
  path: string;
  bytes: number;
  /** Type, rank and base model as its configuration has them. */
  kind: string;
  rank: number | null;
  base: string | null;
}

/** A folder of features. */
export interface ListedFeatures {
  /** Folder, from the notebook's. */
  path: string;
  encoder: string;
  images: number;
  layers: number[];
  bytes: number;
}

/** An encoder in the session's memory. */
export interface LoadedEncoder {
  id: number;
  name: string;
  device: string;
  /** Bytes of its weights. */
  bytes: number;
}

/** A training of the session. */
export interface ListedTraining {
  id: number;
  name: string;
  state: RunState;
  step: number;
  totalSteps: number;
}

/** Kernel to browser: models, adapters and features on the disk. */
export interface ShelfReply extends Message {
  type: "shelf";
  /** The notebook's folder on the kernel's machine. */
  folder: string;
  encoders: ListedEncoder[];
  adapters: ListedAdapter[];
  features: ListedFeatures[];
  /** False where the folder holds more than is looked through. */
  isWhole: boolean;
}

/** Kernel to browser: memory and work of the session. Sent at a request, and at most once a second while it changes. */
export interface ActivityReply extends Message {
  type: "activity";
  status: DeviceStatus;
  encoders: LoadedEncoder[];
  trainings: ListedTraining[];
  /** Bytes that views keep for open notebooks, and their limit. */
  viewBytes: number;
  viewLimit: number;
}

/** Kernel to browser: facts of one encoder. */
export interface CardReply extends Message {
  type: "card";
  /** Encoder that it is the card of, as the list names it. */
  source: string;
  file?: string;
  rows: [name: string, value: string][];
}

/** Kernel to browser: a request that cannot be met, in words. */
export type OverviewError = Pick<ErrorReply, "type" | "message">;
/** Message of the kernel. */
export type OverviewReply = ShelfReply | ActivityReply | CardReply | OverviewError;

/** Browser to kernel. */
export type OverviewRequest =
  | { type: "shelf" }
  | { type: "activity" }
  | { type: "card"; source: string; file?: string }
  | { type: "free"; id: number }
  | { type: "steer"; id: number; command: SteerCommand }
  | { type: "settings"; device: DeviceChoice; viewMegabytes: number };

export type SteerCommand = "pause" | "resume" | "stop";
/** Device of encoders that are loaded with `auto`. */
export type DeviceChoice = "auto" | "cpu" | "cuda" | "webgpu";
export const DEVICE_CHOICES: readonly DeviceChoice[] = ["auto", "cpu", "cuda", "webgpu"];

/** Megabytes that views may keep. */
export const VIEW_MEGABYTES = { min: 16, max: 65_536, default: 512 } as const;

/** Most entries of one list. */
export const MOST_LISTED = 500;
const amount = number({ min: 0 });
const name = text(1000);
const listed = <T>(item: Reader<T>): Reader<T[]> => list(item, 0, MOST_LISTED);

/** Readers of the shelf's entries, by its lists. */
export const SHELF_ENTRIES = {
  encoders: object<ListedEncoder>({
    source: name,
    file: optional(name) as Reader<string>,
    place: oneOf<EncoderPlace>(["zoo", "folder", "cache"]),
    bytes: amount,
  }),
  adapters: object<ListedAdapter>({
    path: name,
    bytes: amount,
    kind: text(100),
    rank: nullable(amount),
    base: nullable(name),
  }),
  features: object<ListedFeatures>({
    path: name,
    encoder: name,
    images: index,
    layers: list(number({ min: -1, max: 10_000, integer: true }), 0, 1000),
    bytes: amount,
  }),
};

/** Longest path of the notebook's folder, and longest message of an error. */
export const LONGEST_TEXT = 4000;

const shelf = object<ShelfReply>({
  type: oneOf(["shelf"]),
  folder: text(LONGEST_TEXT),
  encoders: listed(SHELF_ENTRIES.encoders),
  adapters: listed(SHELF_ENTRIES.adapters),
  features: listed(SHELF_ENTRIES.features),
  isWhole: flag,
});

const activity = object<ActivityReply>({
  type: oneOf(["activity"]),
  status: deviceStatus,
  encoders: listed(object<LoadedEncoder>({ id: index, name, device: text(40), bytes: amount })),
  trainings: listed(
    object<ListedTraining>({
      id: index,
      name,
      state: oneOf(RUN_STATES),
      step: amount,
      totalSteps: amount,
    }),
  ),
  viewBytes: amount,
  viewLimit: amount,
});

const card = object<CardReply>({
  type: oneOf(["card"]),
  source: name,
  file: optional(name) as Reader<string>,
  rows: list(pair(text(4000)), 0, 100),
});

/** Checks what the kernel sent. @throws ProtocolError */
export const readOverviewReply: (value: unknown) => OverviewReply = messageReader<OverviewReply>(REPLY, {
  shelf,
  activity,
  card,
  error: object<OverviewError>({ type: oneOf(["error"]), message: text(LONGEST_TEXT) }),
});

type Request<T extends OverviewRequest["type"]> = Extract<OverviewRequest, { type: T }>;

/** Checks what the browser sent. @throws ProtocolError */
export const readOverviewRequest: (value: unknown) => OverviewRequest = messageReader<OverviewRequest>(REQUEST, {
  shelf: object<Request<"shelf">>({ type: oneOf(["shelf"]) }),
  activity: object<Request<"activity">>({ type: oneOf(["activity"]) }),
  card: object<Request<"card">>({ type: oneOf(["card"]), source: name, file: optional(name) as Reader<string> }),
  free: object<Request<"free">>({ type: oneOf(["free"]), id: index }),
  steer: object<Request<"steer">>({
    type: oneOf(["steer"]),
    id: index,
    command: oneOf<SteerCommand>(["pause", "resume", "stop"]),
  }),
  settings: object<Request<"settings">>({
    type: oneOf(["settings"]),
    device: oneOf(DEVICE_CHOICES),
    viewMegabytes: number({ min: VIEW_MEGABYTES.min, max: VIEW_MEGABYTES.max, integer: true }),
  }),
});
