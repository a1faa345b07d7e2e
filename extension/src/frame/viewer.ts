import type { ConnectionState, Received, Send } from "../comms/channel";
import type { Translate } from "../parts/translate";

/** An element that an output shows. */
export interface OutputContent {
  readonly node: HTMLElement;
  dispose(): void;
}

/** The content of an output. It owns its elements and listeners, and knows nothing of JupyterLab. */
export interface Viewer extends OutputContent {
  /** Shows a problem in words; the view goes on with what it has. */
  setProblem(message: string): void;
  /** The state of the line to the kernel. */
  setConnection?(state: ConnectionState): void;
  /** Takes a reply of the kernel. @throws ProtocolError on one that breaks the format */
  receive?(received: Received): void;
  /** Draws again, as after a change of the theme. */
  redraw?(): void;
}

/** The parts that a viewer is made from. */
export interface ViewerInput<Payload> {
  payload: Payload;
  trans: Translate;
  /** Asks the kernel, if there is one. */
  send: Send;
}
