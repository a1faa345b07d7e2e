import type { IRenderMime } from "@jupyterlab/rendermime-interfaces";
import type { Message } from "@lumino/messaging";
import { Widget } from "@lumino/widgets";
import { CORRESPONDENCE_MIME, readCorrespondence, type CorrespondencePayload } from "fovea/protocol";
import { ViewConnection, type SessionFinder } from "../comms";
import { element } from "../dom";
import type { Translate } from "./speech";
import type { CorrespondenceViewer } from "./viewer";

/** What a reader may set for every view. */
export type Preferences = Partial<Pick<CorrespondencePayload, "colormap">>;

/** Renders one correspondence output: validates it, loads the viewer, and connects it to the kernel of its notebook. */
export class CorrespondenceRenderer extends Widget implements IRenderMime.IRenderer {
  constructor(
    private readonly trans: Translate,
    private readonly sessions: SessionFinder | undefined,
    /** The reader's own choices, which win over the author's. */
    private readonly preferences: () => Preferences,
  ) {
    super();
    this.addClass("jp-FoveaOutput");
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this.clear();
    try {
      await this.open({ ...readCorrespondence(model.data[CORRESPONDENCE_MIME]), ...this.preferences() });
    } catch (error) {
      this.showError(error);
    }
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.clear();
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.connect();
  }

  private async open(payload: CorrespondencePayload): Promise<void> {
    const { CorrespondenceViewer } = await import("./viewer");
    if (this.isDisposed) return;
    const requestLayer = (position: number): void => this.connection?.request(position);
    this.payload = payload;
    this.viewer = new CorrespondenceViewer({ payload, trans: this.trans, requestLayer });
    this.node.append(this.viewer.node);
    this.connect();
  }

  /** The notebook is known only once the output is attached inside it. */
  private connect(): void {
    const context = this.isAttached && !this.connection ? this.sessions?.find(this) : undefined;
    const { payload, viewer } = this;
    if (!context || !payload || !viewer) return;
    const connection = new ViewConnection(context, payload.view);
    this.connection = connection;
    connection.stateChanged.connect((_, state) => viewer.setConnection(state));
    connection.failed.connect((_, problem) => viewer.setProblem(problem));
    connection.partReceived.connect((_, part) => viewer.receive(part));
    viewer.setConnection(connection.state);
  }

  private clear(): void {
    this.connection?.dispose();
    this.viewer?.dispose();
    this.connection = this.viewer = this.payload = undefined;
    this.node.replaceChildren();
  }

  private showError(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    const text = this.trans.__("This view cannot be shown: %1", reason);
    this.node.replaceChildren(element("p", { class: "jp-Fovea-error", text, attributes: { role: "alert" } }));
  }

  private payload: CorrespondencePayload | undefined;
  private viewer: CorrespondenceViewer | undefined;
  private connection: ViewConnection | undefined;
}
