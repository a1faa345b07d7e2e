/**
 * Messages between the kernel process and the session process, in frames (`frames.ts`) over one socket: JSON, and raw
 * buffers. Everything that a request causes carries its header, so that late output keeps its cell.
 */
import type { JSONObject, JSONValue, MimeBundle } from "../display/host";
import type { Header } from "./messages";

export type StreamName = "stdout" | "stderr";

export interface ErrorReport {
  ename: string;
  evalue: string;
  traceback: string[];
}

export interface CommPayload {
  commId: string;
  data: JSONValue;
  metadata: JSONObject;
  buffers: Uint8Array[];
}

export type UserExpression =
  { status: "ok"; data: MimeBundle; metadata: JSONObject } | ({ status: "error" } & ErrorReport);

/** Action of a front end after a cell: show text in its pager, or end a console. Notebooks ignore both. */
export type Payload = { source: "page"; start: number; data: MimeBundle } | { source: "ask_exit"; keepkernel: boolean };

export type Outcome =
  | { status: "ok"; userExpressions: Record<string, UserExpression>; payload: Payload[] }
  | ({ status: "error" } & ErrorReport);

export interface ExecuteCommand {
  type: "execute";
  parent: Header;
  code: string;
  executionCount: number;
  silent: boolean;
  userExpressions: Record<string, string>;
  allowStdin: boolean;
}

export type Query =
  | { kind: "complete"; code: string; cursor: number }
  | { kind: "inspect"; code: string; cursor: number; detail: number }
  | { kind: "isComplete"; code: string };

export type CommCommand = { parent: Header } & CommPayload &
  ({ type: "commOpen"; target: string } | { type: "commMessage" } | { type: "commClose" });

/**
 * Messages from the kernel process to the session. An interrupt goes over the lifeline, because a busy loop reads no
 * messages. A message with the same number also goes over the link: a signal may arrive before or after its cell, the
 * message cannot.
 */
export type ToSession =
  ExecuteCommand | { type: "query"; id: number; query: Query } | CommCommand | { type: "interrupt"; number: number };

export interface CompleteAnswer {
  matches: string[];
  /** Start in code points, as on the wire. */
  start: number;
  end: number;
  types: { text: string; type: string }[];
}
export interface InspectAnswer {
  found: boolean;
  data: MimeBundle;
}
export interface IsCompleteAnswer {
  status: "complete" | "incomplete" | "invalid";
  indent?: string;
}

/** Answers by kind of query. */
export interface Answers {
  complete: CompleteAnswer;
  inspect: InspectAnswer;
  isComplete: IsCompleteAnswer;
}

/** Messages from the session to the kernel process. */
export type FromSession =
  | { type: "ready" }
  /** A cell has changed what every object has, in a way that cannot be taken back. The session ends. */
  | { type: "unusable" }
  | { type: "stream"; parent: Header | undefined; name: StreamName; text: string }
  | {
      type: "display";
      parent: Header | undefined;
      data: MimeBundle;
      metadata: JSONObject;
      displayId: string | undefined;
      update: boolean;
      buffers: Uint8Array[];
    }
  | { type: "result"; parent: Header; executionCount: number; data: MimeBundle; metadata: JSONObject }
  | { type: "clearOutput"; parent: Header | undefined; wait: boolean }
  | { type: "input"; parent: Header; prompt: string; password: boolean }
  | { type: "done"; parent: Header; outcome: Outcome }
  | { type: "answer"; id: number; ok: true; answer: Answers[keyof Answers] }
  | { type: "answer"; id: number; ok: false; error: ErrorReport }
  | ({ type: "commOpen"; parent: Header | undefined; target: string } & CommPayload)
  | ({ type: "commMessage"; parent: Header | undefined } & CommPayload)
  | ({ type: "commClose"; parent: Header | undefined } & CommPayload)
  | { type: "commHandled"; parent: Header };
