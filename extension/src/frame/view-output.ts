import type { IThemeManager } from "@jupyterlab/apputils";
import { SessionChannels, ViewConnection, type SessionFinder } from "../comms";
import type { Received, Send } from "../comms/channel";
import type { Translate } from "../parts/translate";
import type { ReadPreferences } from "../preferences";
import { Output } from "./output";
import type { Viewer } from "./viewer";

/** Services that JupyterLab lends to a viewer; optional ones may be undefined. */
export interface ViewerServices {
  trans: Translate;
  preferences: ReadPreferences;
  sessions: SessionFinder | undefined;
  themes: IThemeManager | undefined;
}

/** A viewer with its data read. */
export interface Opened<V extends Viewer = Viewer> {
  viewer: V;
  /** The name of the view in its kernel; missing where the notebook holds all there is. */
  view?: string;
}

/** The services that a viewer itself may use: none of JupyterLab. */
export interface OpenServices extends Pick<ViewerServices, "trans" | "preferences"> {
  send: Send;
}

/** Reads the data of an output, loads the viewer and makes it. @throws ProtocolError on data that breaks the format */
export type OpenViewer<V extends Viewer = Viewer> = (data: unknown, services: OpenServices) => Promise<Opened<V>>;

/** An output of one of our viewers: connected to the kernel of its notebook, drawn again in the colours of a new theme. */
export class ViewOutput<V extends Viewer = Viewer> extends Output<V> {
  constructor(
    mimeType: string,
    private readonly services: ViewerServices,
    private readonly openViewer: OpenViewer<V>,
  ) {
    super(services.trans, mimeType);
    services.themes?.themeChanged.connect(this.redraw, this);
  }

  override dispose(): void {
    this.services.themes?.themeChanged.disconnect(this.redraw, this);
    this.sight.disconnect();
    super.dispose();
  }

  protected async open(data: unknown): Promise<V> {
    const { trans, preferences } = this.services;
    const send: Send = (request) => this.connection?.send(request);
    const { viewer, view } = await this.openViewer(data, { trans, preferences, send });
    this.view = view;
    return viewer;
  }

  /** Hands a reply of the kernel to the viewer. @throws ProtocolError on one that breaks the format */
  protected receive(received: Received, viewer: V): void {
    viewer.receive?.(received);
  }

  protected override settled(): void {
    const { content, view } = this;
    if (!content || view === undefined || this.connection || !this.isAttached) return;
    const context = this.services.sessions?.find(this);
    if (context) this.connect(new ViewConnection(new SessionChannels(context), view), content);
  }

  protected override clear(): void {
    this.connection?.dispose();
    this.connection = undefined;
    super.clear();
  }

  private connect(connection: ViewConnection, viewer: V): void {
    this.connection = connection;
    connection.stateChanged.connect((_, state) => viewer.setConnection?.(state));
    connection.failed.connect((_, problem) => viewer.setProblem(problem));
    connection.received.connect((_, received) => this.take(received, viewer));
    viewer.setConnection?.(connection.state);
  }

  /** A reply that breaks the format is a problem to show; the view goes on. */
  private take(received: Received, viewer: V): void {
    try {
      this.receive(received, viewer);
    } catch (error) {
      viewer.setProblem(error instanceof Error ? error.message : String(error));
    }
  }

  /**
   * The new theme's style sheet applies only in the next frame, and for some frames JupyterLab hides everything: an output that
   * is not on screen has no size to be drawn at, and waits until it is.
   */
  private redraw(): void {
    requestAnimationFrame(() => this.sight.observe(this.node));
  }

  private readonly sight = new IntersectionObserver((entries) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
    this.sight.disconnect();
    this.content?.redraw?.();
  });
  protected view: string | undefined;
  protected connection: ViewConnection | undefined;
}
