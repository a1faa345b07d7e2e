import { LAW_MIME, readLaw } from "fovea/protocol";
import type { ViewConnection } from "../comms";
import { ThemedOutput, type ViewerServices } from "../viewers";
import type { LawViewer } from "./viewer";

/** Renders one law output: validates it, loads the viewer, and connects it to the kernel of its notebook. */
export class LawRenderer extends ThemedOutput<LawViewer> {
  constructor(services: ViewerServices) {
    super(LAW_MIME, services);
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
}
