/**
 * Only interface between the library and its environment. A Fovea session installs a host; in a plain Node process
 * there is none, and `display` prints text. The library never imports the session, so it works in scripts and tests
 * too.
 */

export type JSONValue = null | boolean | number | string | JSONValue[] | { [key: string]: JSONValue };
/** Object that JSON can represent. */
export type JSONObject = { [key: string]: JSONValue };

/** Mime type to content: text, base64 for binary types, or JSON for `+json` types. */
export type MimeBundle = { [mimeType: string]: JSONValue };

/** Options of `display`. */
export interface DisplayOptions {
  /** Makes the output addressable by a later `display(…, { displayId, update: true })`. Default: none. */
  displayId?: string;
  /** Replace every output shown under `displayId` instead of adding one. Default false. */
  update?: boolean;
  /** Metadata of the output. Default: none. */
  metadata?: JSONObject;
  /** Binary buffers sent with the output. Default: none. */
  buffers?: Uint8Array[];
}

/** Message on a comm. */
export interface CommMessage {
  data: JSONValue;
  metadata: JSONObject;
  buffers: Uint8Array[];
}

/** Open channel to the front end. Handlers may be async; an error in one is reported and does not close the comm. */
export interface Comm {
  readonly id: string;
  readonly target: string;
  readonly closed: boolean;
  send(data: JSONValue, options?: { metadata?: JSONObject; buffers?: Uint8Array[] }): void;
  close(data?: JSONValue): void;
  onMessage(handler: (message: CommMessage) => void | Promise<void>): void;
  onClose(handler: (message: CommMessage) => void): void;
}

/** Content of the message that opens a comm. */
export interface CommOpenOptions {
  /** Data for the front end. Default: empty. */
  data?: JSONValue;
  /** Metadata of the message. Default: empty. */
  metadata?: JSONObject;
  /** Binary buffers sent with the message. Default: none. */
  buffers?: Uint8Array[];
}

/** Services of a session to the library. */
export interface SessionHost {
  display(bundle: MimeBundle, options?: DisplayOptions): void;
  clearOutput(wait?: boolean): void;
  /**
   * Returns the id of the request that the calling code's output names as its cause; the front end shows the output
   * below that request's cell.
   */
  outputRequest(): string | undefined;
  /**
   * Calls `undo` when the user interrupts the calling code's cell, once it has stopped and before the front end is
   * told. Interrupted code cannot do this itself: a loop's `finally` does not run, and its messages are refused.
   * Returns a function that cancels it.
   */
  whenInterrupted(undo: () => void): () => void;
  /** Opens a comm from the kernel to a target registered in the front end. */
  openComm(target: string, options?: CommOpenOptions): Comm;
  /** Accepts comms that the front end opens to `target`. Returns a function that unregisters. */
  registerCommTarget(target: string, handler: (comm: Comm, open: CommMessage) => void): () => void;
}

const HOST = Symbol.for("fovea.session.host");
type HostSlot = { [HOST]?: SessionHost };

/** Returns the session that runs this code, or `undefined` in a plain Node process. */
export function currentHost(): SessionHost | undefined {
  return (globalThis as HostSlot)[HOST];
}

/** Installs the host; the session process calls this once, before user code runs. */
export function installHost(host: SessionHost): void {
  (globalThis as HostSlot)[HOST] = host;
}
