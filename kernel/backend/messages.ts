import type { HostTensor, SessionOptions } from "./types";

/** A file of weights that a model names, for a thread without files. */
export interface WeightFile {
  path: string;
  data: Uint8Array;
}

/** A model for the worker thread. */
export interface ModelMessage {
  model: string | Uint8Array;
  options: SessionOptions;
  weights?: WeightFile[];
}

/** Requests to the worker thread; `create` makes the session whose number is the request's `id`. */
export type Request =
  | ({ kind: "create"; id: number } & ModelMessage)
  | { kind: "run"; id: number; session: number; feeds: Record<string, HostTensor>; fetches: string[]; lend: boolean }
  | { kind: "dispose"; id: number; session: number };

/** Answer of the worker thread: `error` is set for a failed request, `feeds` for lent ones. */
export interface Response {
  id: number;
  results?: Record<string, HostTensor>;
  feeds?: Record<string, HostTensor>;
  error?: string;
}
