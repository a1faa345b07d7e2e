import type { HostTensor, SessionOptions } from "./types";

/** Requests to the worker thread; `create` makes the session whose number is the request's `id`. */
export type Request =
  | { kind: "create"; id: number; model: string | Uint8Array; options: SessionOptions }
  | { kind: "run"; id: number; session: number; feeds: Record<string, HostTensor>; fetches: string[]; lend: boolean }
  | { kind: "dispose"; id: number; session: number };

/** Answer of the worker thread: `error` is set for a failed request, `feeds` for lent ones. */
export interface Response {
  id: number;
  results?: Record<string, HostTensor>;
  feeds?: Record<string, HostTensor>;
  error?: string;
}
