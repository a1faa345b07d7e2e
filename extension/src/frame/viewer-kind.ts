import type { Send } from "../comms/channel";
import type { Translate } from "../parts/translate";
import type { ReadPreferences } from "../preferences";
import type { Viewer } from "./viewer";

/** A viewer with its data read. */
export interface Opened<V extends Viewer = Viewer> {
  viewer: V;
  /** The name of the view in its kernel; missing where the notebook holds all there is. */
  view?: string;
}

/** The services that a viewer may use on any page: none of JupyterLab. */
export interface OpenServices {
  trans: Translate;
  /** The reader's own choices, which win over the author's. */
  preferences: ReadPreferences;
  send: Send;
}

/** Reads the data of an output, loads the viewer and makes it. @throws ProtocolError on data that breaks the format */
export type OpenViewer<V extends Viewer = Viewer> = (data: unknown, services: OpenServices) => Promise<Opened<V>>;

/** One of our mime types and the viewer that shows it, the same on every page: JupyterLab's, a published one, an anywidget host's. */
export interface ViewerKind<V extends Viewer = Viewer> {
  mimeType: string;
  open: OpenViewer<V>;
}
