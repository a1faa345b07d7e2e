import type { HostTensor, SessionOptions } from "./types";

/** What the worker thread is asked; `create` makes the session whose number is the request's `id`. */
export type Request =
  | { kind: "create"; id: number; model: string | Uint8Array; options: SessionOptions }
  | { kind: "run"; id: number; session: number; feeds: Record<string, HostTensor>; fetches: string[]; lend: boolean }
  | { kind: "dispose"; id: number; session: number };

/** What it answers: `error` is set where the request failed, `feeds` where they were lent. */
export interface Response {
  id: number;
  results?: Record<string, HostTensor>;
  feeds?: Record<string, HostTensor>;
  error?: string;
}
