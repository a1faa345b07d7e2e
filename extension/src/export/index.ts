/** Exports of a view: a picture, its numbers, and the call that makes it again. */
import { element, setText } from "../dom";
import { button } from "../parts/fields";
import type { Translate } from "../parts/translate";
import { composePicture, type ViewPicture } from "./picture";

export { call, cell, comment, declare, literal, Raw } from "./code";
export { declareEncoder, declareImage } from "./origin";
export { composeVector, type Drawing } from "./vector";
export type { CanvasPicture, ViewPicture } from "./picture";

/** A view whose present state can be exported. */
export interface Exportable {
  readonly node: HTMLElement;
  /** Start of the names of files. */
  exportName(): string;
  exportPicture(): ViewPicture | Promise<ViewPicture>;
  exportData(): unknown;
  exportCode(): string;
  /** A drawing in vectors, where there is one. */
  exportVector?(): string | Promise<string>;
}

/** The buttons, and the code that they show. */
export class ExportControls {
  readonly buttons: HTMLElement[];
  readonly node: HTMLElement;

  constructor(
    private readonly trans: Translate,
    private readonly of: Exportable,
    private readonly fail: (message: string) => void,
  ) {
    this.code = button(trans.__("Code"), trans.__("Show and copy the code that makes this view"), () =>
      this.run(() => this.showCode()),
    );
    this.code.setAttribute("aria-expanded", "false");
    this.buttons = [
      button("PNG", trans.__("Download the view as a picture"), () => this.run(() => this.savePicture())),
      ...(of.exportVector
        ? [button("SVG", trans.__("Download the view as a vector drawing"), () => this.run(() => this.saveVector()))]
        : []),
      button("JSON", trans.__("Download the numbers on screen"), () => this.run(() => this.saveData())),
      this.code,
    ];
    this.text.setAttribute("aria-label", trans.__("The code that makes this view"));
    this.text.addEventListener("keydown", (event) => this.onKey(event));
    this.node = element("div", { class: "jp-FoveaView-export", attributes: { hidden: "" } }, this.said, this.text);
  }

  private run(work: () => void | Promise<void>): void {
    Promise.resolve()
      .then(work)
      .catch((error: unknown) => this.fail(error instanceof Error ? error.message : String(error)));
  }

  private async savePicture(): Promise<void> {
    const canvas = composePicture(await this.of.exportPicture(), this.of.node);
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
    if (!blob) throw new Error(this.trans.__("The browser cannot write this picture."));
    download(blob, `${this.stem()}.png`);
  }

  private async saveVector(): Promise<void> {
    const text = (await this.of.exportVector?.()) ?? "";
    download(new Blob([text], { type: "image/svg+xml" }), `${this.stem()}.svg`);
  }

  private saveData(): void {
    const text = `${JSON.stringify(this.of.exportData(), null, 2)}\n`;
    download(new Blob([text], { type: "application/json" }), `${this.stem()}.json`);
  }

  /** Shows the code in sight and selected, for there may be no clipboard, and copies it where there is one. */
  private async showCode(): Promise<void> {
    if (!this.node.hidden) return this.hideCode();
    this.text.value = this.of.exportCode();
    this.text.rows = Math.min(16, this.text.value.split("\n").length + 1);
    this.node.hidden = false;
    this.code.setAttribute("aria-expanded", "true");
    this.text.focus({ preventScroll: true });
    this.text.select();
    this.node.scrollIntoView({ block: "nearest" });
    const copied = await copy(this.text.value);
    setText(this.said, copied ? this.trans.__("Copied.") : this.trans.__("Select the code to copy it."));
  }

  private hideCode(): void {
    this.node.hidden = true;
    this.code.setAttribute("aria-expanded", "false");
    setText(this.said, "");
  }

  /** A read-only text is no field to JupyterLab, whose letters would act on cells; those with Ctrl or Cmd stay the browser's. */
  private onKey(event: KeyboardEvent): void {
    event.stopPropagation();
    if (event.key !== "Escape") return;
    this.hideCode();
    this.code.focus();
  }

  private stem(): string {
    return (
      this.of
        .exportName()
        .replace(/[^\w.-]+/g, "-")
        .replace(/^-+|-+$/g, "") || "view"
    );
  }

  private readonly code: HTMLButtonElement;
  private readonly said = element("p", { class: "jp-FoveaView-exportSaid", attributes: { role: "status" } });
  private readonly text = element("textarea", {
    class: "jp-FoveaView-code",
    attributes: { readonly: "", spellcheck: "false", rows: "8", "data-lm-suppress-shortcuts": "" },
  });
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  element("a", { attributes: { href: url, download: name } }).click();
  // The browser takes the file in its own time.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
