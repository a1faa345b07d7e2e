import { CORRESPONDENCE_MIME, readCorrespondence } from "fovea/protocol";
import { LiveOutput, type SessionFinder, type ViewConnection } from "../comms";
import type { Translate } from "../parts/translate";
import type { ReadPreferences } from "../preferences";
import type { CorrespondenceViewer } from "./viewer";

/** Renders one correspondence output: validates it, loads the viewer, and connects it to the kernel of its notebook. */
export class CorrespondenceRenderer extends LiveOutput<CorrespondenceViewer> {
  constructor(
    trans: Translate,
    sessions: SessionFinder | undefined,
    private readonly preferences: ReadPreferences,
  ) {
    super(trans, CORRESPONDENCE_MIME, sessions);
  }

  protected async open(data: unknown): Promise<CorrespondenceViewer> {
    const payload = { ...readCorrespondence(data), ...this.preferences() };
    const { CorrespondenceViewer } = await import("./viewer");
    this.view = payload.view;
    const requestLayer = (position: number): void => this.connection?.request(position);
    return new CorrespondenceViewer({ payload, trans: this.trans, requestLayer });
  }

  protected listen(connection: ViewConnection, viewer: CorrespondenceViewer): void {
    connection.partReceived.connect((_, part) => viewer.receive(part));
  }
}
