import { RuleError } from "../rule-error";

/** Where a model runs. `auto` is the best device that really starts. */
export type Device = "cpu" | "cuda" | "webgpu";
export type DeviceRequest = Device | "auto";

/** A tensor on the host: row-major, `float16` as raw bits in a `Uint16Array`. */
export interface HostTensor {
  type: "float32" | "float16" | "int64" | "int32" | "uint8" | "bool";
  data: Float32Array | Uint16Array | BigInt64Array | Int32Array | Uint8Array;
  dims: number[];
}

/** How a session is made. */
export interface SessionOptions {
  device: Device;
  /** The folder that holds the weights of a model given as bytes. */
  weightsFolder?: string | null;
  /** Threads inside one operator; 0 leaves it to the runtime. */
  threads?: number;
  /** Sessions of different lanes run side by side, each lane in a thread of its own. Default 0. */
  lane?: number;
}

/** How a model is run. */
export interface RunOptions {
  /** The feeds come back: when the result is there, `data` of each feed is the same memory again. Default `false`. */
  lend?: boolean;
}

/** A loaded model. Owned by who made it: `dispose` frees its memory, and a second call does nothing. */
export interface BackendSession {
  readonly device: Device;
  /** Runs the model; `feeds` are handed over and must not be used afterwards, unless they are lent. */
  run(feeds: Record<string, HostTensor>, fetches: string[], options?: RunOptions): Promise<Record<string, HostTensor>>;
  dispose(): Promise<void>;
}

/** A runtime that runs ONNX models. */
export interface InferenceBackend {
  readonly name: string;
  /** `model` is a file or the bytes of one. */
  create(model: string | Uint8Array, options: SessionOptions): Promise<BackendSession>;
}

/** What a probe of one device saw. */
export interface Probe {
  device: Device;
  ok: boolean;
  /** Milliseconds from start to the first result, or to the failure. */
  ms: number;
  /** What is missing; null when it started. */
  reason: string | null;
}

/** A device or runtime that cannot be used. */
export class DeviceError extends RuleError {
  override name = "DeviceError";
}
