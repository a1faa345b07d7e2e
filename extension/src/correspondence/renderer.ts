import { CORRESPONDENCE_MIME, readCorrespondence } from "fovea/protocol";
import { LiveOutput, type ViewConnection } from "../comms";
import type { ReadPreferences } from "../preferences";
import type { ViewerServices } from "../viewers";
import type { CorrespondenceViewer } from "./viewer";

/** Renders one correspondence output: validates it, loads the viewer, and connects it to the kernel of its notebook. */
export class CorrespondenceRenderer extends LiveOutput<CorrespondenceViewer> {
  constructor({ trans, sessions, preferences }: ViewerServices) {
    super(trans, CORRESPONDENCE_MIME, sessions);
    this.preferences = preferences;
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

  private readonly preferences: ReadPreferences;
}
