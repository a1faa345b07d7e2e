import type { IThemeManager } from "@jupyterlab/apputils";
import { LAW_MIME, readLaw } from "fovea/protocol";
import { LiveOutput, type SessionFinder, type ViewConnection } from "../comms";
import type { Translate } from "../parts/translate";
import type { ReadPreferences } from "../preferences";
import type { LawViewer } from "./viewer";

/** Renders one law output: validates it, loads the viewer, and connects it to the kernel of its notebook. */
export class LawRenderer extends LiveOutput<LawViewer> {
  constructor(
    trans: Translate,
    sessions: SessionFinder | undefined,
    private readonly preferences: ReadPreferences,
    private readonly themes: IThemeManager | undefined,
  ) {
    super(trans, LAW_MIME, sessions);
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
      colormap: this.preferences().colormap ?? "viridis",
      refit: (serial, choice) => this.connection?.refit(serial, choice),
      select: (encoder) => this.connection?.select(encoder),
    });
  }

  protected listen(connection: ViewConnection, viewer: LawViewer): void {
    connection.fitReceived.connect((_, reply) => viewer.receive(reply));
  }

  /** The new theme's style sheet applies only in the next frame. */
  private redraw(): void {
    requestAnimationFrame(() => this.content?.redraw());
  }
}
