import type { IRenderMime } from "@jupyterlab/rendermime-interfaces";
import type { Message } from "@lumino/messaging";
import { Widget } from "@lumino/widgets";
import { element } from "../dom";
import type { Translate } from "../parts/translate";
import type { OutputContent } from "./viewer";

/** An output of ours: shows its content, or in words why it cannot. */
export abstract class Output<Content extends OutputContent> extends Widget implements IRenderMime.IRenderer {
  constructor(
    protected readonly trans: Translate,
    private readonly mimeType: string,
  ) {
    super();
    this.addClass("jp-FoveaOutput");
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this.data = model.data[this.mimeType];
    await this.fill();
  }

  /** Shows the data once more, as after a change of the reader's choices. */
  protected showAgain(): void {
    if (this.data !== undefined) void this.fill();
  }

  private async fill(): Promise<void> {
    this.clear();
    const turn = ++this.turn;
    try {
      const content = await this.open(this.data);
      if (this.isDisposed || turn !== this.turn) return content.dispose();
      this.content = content;
      this.node.append(content.node);
      this.settled();
    } catch (error) {
      this.showError(error);
    }
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.clear();
    super.dispose();
  }

  /** Validates the data and makes the viewer for it; heavy parts are loaded here. */
  protected abstract open(data: unknown): Promise<Content>;

  /** Called when content is there and when the output is attached: the notebook is known only then. */
  protected settled(): void {}

  protected clear(): void {
    this.content?.dispose();
    this.content = undefined;
    this.node.replaceChildren();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.settled();
  }

  private showError(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    const text = this.trans.__("This view cannot be shown: %1", reason);
    this.node.replaceChildren(element("p", { class: "jp-Fovea-error", text, attributes: { role: "alert" } }));
  }

  private data: unknown;
  /** Number of fillings begun: only the last one is shown. */
  private turn = 0;
  protected content: Content | undefined;
}
