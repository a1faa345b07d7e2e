import { ALIGNMENT_MIME, readAlignment } from "fovea/protocol";
import { Output } from "../parts/output";
import type { ReadPreferences } from "../preferences";
import type { ViewerServices } from "../viewers";
import type { AlignmentViewer } from "./viewer";

/** Renders one alignment output: validates it and loads the viewer. All that it shows is in the notebook. */
export class AlignmentRenderer extends Output<AlignmentViewer> {
  constructor({ trans, preferences }: ViewerServices) {
    super(trans, ALIGNMENT_MIME);
    this.preferences = preferences;
  }

  protected async open(data: unknown): Promise<AlignmentViewer> {
    const payload = { ...readAlignment(data), ...this.preferences() };
    const { AlignmentViewer } = await import("./viewer");
    return new AlignmentViewer(this.trans, payload);
  }

  private readonly preferences: ReadPreferences;
}
