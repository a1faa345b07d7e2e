import { ALIGNMENT_MIME, readAlignment } from "fovea/protocol";
import { Output } from "../parts/output";
import type { Translate } from "../parts/translate";
import type { ReadPreferences } from "../preferences";
import type { AlignmentViewer } from "./viewer";

/** Renders one alignment output: validates it and loads the viewer. All that it shows is in the notebook. */
export class AlignmentRenderer extends Output<AlignmentViewer> {
  constructor(
    trans: Translate,
    private readonly preferences: ReadPreferences,
  ) {
    super(trans, ALIGNMENT_MIME);
  }

  protected async open(data: unknown): Promise<AlignmentViewer> {
    const payload = { ...readAlignment(data), ...this.preferences() };
    const { AlignmentViewer } = await import("./viewer");
    return new AlignmentViewer(this.trans, payload);
  }
}
