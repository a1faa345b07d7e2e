import type { ConnectionState, Received, Send } from "../comms/channel";
import type { Translate } from "../parts/translate";
import type { LinkState } from "./link";

/** An element that an output shows. */
export interface OutputContent {
  readonly node: HTMLElement;
  dispose(): void;
}

/** A file that was dropped on a view. */
export interface DroppedFile {
  kind: "picture" | "model";
  /** Path from the notebook's folder. */
  path: string;
}

/** A cell that answers a dropped file. */
export interface DropAnswer {
  code: string;
  /** True if the code needs nothing more from the reader. */
  isComplete: boolean;
}

/** The content of an output. It owns its elements and listeners, and knows nothing of JupyterLab. */
export interface Viewer extends OutputContent {
  /** Shows a problem in words; the view goes on with what it has. */
  setProblem(message: string): void;
  /** The state of the line to the kernel. */
  setConnection?(state: ConnectionState): void;
  /** Takes a reply of the kernel. @throws ProtocolError on one that breaks the format */
  receive?(received: Received): void;
  /** The cell that makes the view anew with a file dropped on an element of it; undefined where it has no use for the file. */
  dropped?(file: DroppedFile, on: Node): DropAnswer | undefined;
  /** The reader's choices, for a link; missing where a view has none. */
  readonly link?: LinkState;
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
