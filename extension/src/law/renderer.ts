import type { IThemeManager } from "@jupyterlab/apputils";
import { LAW_MIME, readLaw } from "fovea/protocol";
import { ViewConnection, type SessionFinder } from "../comms";
import { Output } from "../parts/output";
import type { Translate } from "../parts/translate";
import type { LawViewer } from "./viewer";

/** Renders one law output: validates it, loads the viewer, and connects it to the kernel of its notebook. */
export class LawRenderer extends Output<LawViewer> {
  constructor(
    trans: Translate,
    private readonly sessions: SessionFinder | undefined,
    private readonly themes: IThemeManager | undefined,
  ) {
    super(trans, LAW_MIME);
    themes?.themeChanged.connect(this.redraw, this);
  }

  override dispose(): void {
    this.themes?.themeChanged.disconnect(this.redraw, this);
    super.dispose();
  }

  protected async open(data: unknown): Promise<LawViewer> {
    const payload = readLaw(data);
    const { LawViewer } = await import("./viewer");
    this.view = payload.view;
    return new LawViewer({
      payload,
      trans: this.trans,
      refit: (serial, choice) => this.connection?.refit(serial, choice),
    });
  }

  protected override settled(): void {
    const context = this.isAttached && !this.connection ? this.sessions?.find(this) : undefined;
    const { content: viewer } = this;
    if (!context || !viewer) return;
    const connection = new ViewConnection(context, this.view);
    this.connection = connection;
    connection.stateChanged.connect((_, state) => viewer.setConnection(state));
    connection.failed.connect((_, problem) => viewer.setProblem(problem));
    connection.fitReceived.connect((_, reply) => viewer.receive(reply));
    viewer.setConnection(connection.state);
  }

  protected override clear(): void {
    this.connection?.dispose();
    this.connection = undefined;
    super.clear();
  }

  /** The new theme's style sheet applies only in the next frame. */
  private redraw(): void {
    requestAnimationFrame(() => this.content?.redraw());
  }

  private view = "";
  private connection: ViewConnection | undefined;
}
