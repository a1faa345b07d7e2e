import { RuleError } from "../rules/rule-error";

/** Device of a model. `auto` is the best device that starts. */
export type Device = "cpu" | "cuda" | "webgpu";
/** Requested device: a device, or `auto` for the best one that starts. */
export type DeviceRequest = Device | "auto";

/** Tensor on the host: row-major, `float16` as raw bits in a `Uint16Array`. */
export interface HostTensor {
  type: "float32" | "float16" | "int64" | "int32" | "uint8" | "bool";
  data: Float32Array | Uint16Array | BigInt64Array | Int32Array | Uint8Array;
  dims: number[];
}

/** Options of a session. */
export interface SessionOptions {
  /** Public function that makes the session, for errors. */
  fn: string;
  /** Device to run on. */
  device: Device;
  /** Folder with the weights of a model given as bytes. Default: none. */
  weightsFolder?: string | null;
  /** Threads inside one operator; 0 leaves it to the runtime. Default 0. */
  threads?: number;
  /** Lane of the session; sessions of different lanes run in parallel, each lane in a separate thread. Default 0. */
  lane?: number;
}

/** Options of a run. */
export interface RunOptions {
  /** Return the feeds: once the result is available, `data` of each feed is the same memory again. Default `false`. */
  lend?: boolean;
  /** Public function that runs the model, for errors. Default: the one that made the session. */
  fn?: string;
}

/**
 * Loaded model. The caller that makes it disposes of it: `dispose` frees its memory, and a second call does nothing.
 */
export interface BackendSession {
  readonly device: Device;
  /** Runs the model; `feeds` are transferred and must not be used afterwards, unless they are lent. */
  run(feeds: Record<string, HostTensor>, fetches: string[], options?: RunOptions): Promise<Record<string, HostTensor>>;
  dispose(): Promise<void>;
}

/** Runtime for ONNX models. */
export interface InferenceBackend {
  readonly name: string;
  /** Makes a session; `model` is a file or its bytes. */
  create(model: string | Uint8Array, options: SessionOptions): Promise<BackendSession>;
}

/** Result of probing one device. */
export interface Probe {
  device: Device;
  ok: boolean;
  /** Milliseconds from start to the first result, or to the failure. */
  ms: number;
  /** Missing requirement; null when it started. */
  reason: string | null;
}

/** Error for an unusable device or runtime. */
export class DeviceError extends RuleError {
  override name = "DeviceError";
}
