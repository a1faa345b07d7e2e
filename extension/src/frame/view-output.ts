import type { IThemeManager } from "@jupyterlab/apputils";
import type { Contents } from "@jupyterlab/services";
import type { JupyterFrontEnd } from "@jupyterlab/application";
import type { ISignal } from "@lumino/signaling";
import { SessionChannels, ViewConnection, type SessionFinder } from "../comms";
import type { Received, Send } from "../comms/channel";
import type { Translate } from "../parts/translate";
import type { ReadPreferences } from "../preferences";
import type { ViewerKind } from "./viewer-kind";
import { activateCellOf, fromNotebook, kindOf, listenDrops, upload, type Drop } from "./drops";
import { Output } from "./output";
import type { Viewer } from "./viewer";

/** Services that JupyterLab lends to a viewer; optional ones may be undefined. */
export interface ViewerServices {
  trans: Translate;
  preferences: ReadPreferences;
  preferencesChanged: ISignal<unknown, void> | undefined;
  sessions: SessionFinder | undefined;
  themes: IThemeManager | undefined;
  commands: JupyterFrontEnd["commands"];
  contents: Contents.IManager;
}

/** An output of one of our viewers: connected to the kernel of its notebook, drawn again in the colours of a new theme. */
export class ViewOutput<V extends Viewer = Viewer> extends Output<V> {
  constructor(
    private readonly kind: ViewerKind<V>,
    private readonly services: ViewerServices,
  ) {
    super(services.trans, kind.mimeType);
    services.themes?.themeChanged.connect(this.redraw, this);
    services.preferencesChanged?.connect(this.showAgain, this);
    listenDrops(this.node, (drop, on) => {
      this.takeDrop(drop, on).catch((error: unknown) => {
        this.content?.setProblem(error instanceof Error ? error.message : String(error));
      });
    });
  }

  override dispose(): void {
    this.services.themes?.themeChanged.disconnect(this.redraw, this);
    this.services.preferencesChanged?.disconnect(this.showAgain, this);
    this.sight.disconnect();
    super.dispose();
  }

  protected async open(data: unknown): Promise<V> {
    const { trans, preferences } = this.services;
    const send: Send = (request) => this.connection?.send(request);
    const { viewer, view } = await this.kind.open(data, { trans, preferences, send });
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

  /** Answers a dropped file by a cell below: the notebook keeps what was done. */
  private async takeDrop(drop: Drop, on: EventTarget | null): Promise<void> {
    const { commands, contents, sessions, trans } = this.services;
    const viewer = this.content;
    const context = sessions?.find(this);
    const [name = ""] = "paths" in drop ? drop.paths : drop.files.map((file) => file.name);
    const kind = kindOf(name);
    const canAnswer = viewer?.dropped && context && kind && on instanceof Node;
    if (!canAnswer) return viewer?.setProblem(trans.__("This view has no use for %1.", name || "-"));
    const path = "paths" in drop ? name : await upload(contents, context, drop.files[0]);
    const answer = viewer.dropped?.({ kind, path: fromNotebook(path, context.path) }, on);
    if (!answer || !activateCellOf(this)) return viewer.setProblem(trans.__("This view has no use for %1.", name));
    await commands.execute("notebook:insert-cell-below");
    await commands.execute("notebook:replace-selection", { text: answer.code });
    if (answer.isComplete) await commands.execute("notebook:run-cell");
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
