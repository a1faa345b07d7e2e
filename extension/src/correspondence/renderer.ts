import { CORRESPONDENCE_MIME, readCorrespondence, type CorrespondencePayload } from "fovea/protocol";
import { ViewConnection, type SessionFinder } from "../comms";
import { Output } from "../parts/output";
import type { Translate } from "../parts/translate";
import type { CorrespondenceViewer } from "./viewer";

/** What a reader may set for every view. */
export type Preferences = Partial<Pick<CorrespondencePayload, "colormap">>;

/** Renders one correspondence output: validates it, loads the viewer, and connects it to the kernel of its notebook. */
export class CorrespondenceRenderer extends Output<CorrespondenceViewer> {
  constructor(
    trans: Translate,
    private readonly sessions: SessionFinder | undefined,
    /** The reader's own choices, which win over the author's. */
    private readonly preferences: () => Preferences,
  ) {
    super(trans, CORRESPONDENCE_MIME);
  }

  protected async open(data: unknown): Promise<CorrespondenceViewer> {
    const payload = { ...readCorrespondence(data), ...this.preferences() };
    const { CorrespondenceViewer } = await import("./viewer");
    this.view = payload.view;
    const requestLayer = (position: number): void => this.connection?.request(position);
    return new CorrespondenceViewer({ payload, trans: this.trans, requestLayer });
  }

  protected override settled(): void {
    const context = this.isAttached && !this.connection ? this.sessions?.find(this) : undefined;
    const { content: viewer } = this;
    if (!context || !viewer) return;
    const connection = new ViewConnection(context, this.view);
    this.connection = connection;
    connection.stateChanged.connect((_, state) => viewer.setConnection(state));
    connection.failed.connect((_, problem) => viewer.setProblem(problem));
    connection.partReceived.connect((_, part) => viewer.receive(part));
    viewer.setConnection(connection.state);
  }

  protected override clear(): void {
    this.connection?.dispose();
    this.connection = undefined;
    super.clear();
  }

  private view = "";
  private connection: ViewConnection | undefined;
}
