/** Messages of the Jupyter protocol, whichever way they travel: by sockets, or within a page. */

export const PROTOCOL_VERSION = "5.5";

export interface Header {
  msg_id: string;
  msg_type: string;
  session: string;
  username: string;
  date: string;
  version: string;
}

export type Content = Record<string, unknown>;

export interface Message {
  identities: Uint8Array[];
  header: Header;
  parentHeader: Header | Record<string, never>;
  metadata: Content;
  content: Content;
  buffers: Uint8Array[];
  /** A part nests deeper than anything may that is passed on: of such parts, only the known fields of headers are kept. */
  isTooDeep?: boolean;
}

export type ReplyChannel = "shell" | "control";

/** The way out for messages of a kernel. */
export interface Outlet {
  /** Tells all clients. */
  publish(
    msgType: string,
    content: Content,
    parent?: Header,
    extra?: { metadata?: Content; buffers?: Uint8Array[] },
  ): void;
  status(state: "starting" | "busy" | "idle", parent?: Header): void;
  reply(channel: ReplyChannel, request: Message, content: Content): void;
  /** Asks the client of `request` for a line of input. */
  askInput(request: Message, prompt: string, password: boolean): void;
}
