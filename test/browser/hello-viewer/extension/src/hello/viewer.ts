import { readHelloReply, type GreetRequest, type HelloPayload } from "fovea/protocol";
import type { Received } from "../comms/channel";
import { element, setText } from "../dom";
import type { Exportable, ViewPicture } from "../export";
import { button } from "../parts/fields";
import { ViewerFrame } from "../frame/frame";
import type { Viewer, ViewerInput } from "../frame/viewer";
import { helloKeys, type HelloAction } from "./keys";

/** Greets in words, and asks the kernel for another greeting. */
export class HelloViewer implements Viewer, Exportable {
  readonly node: HTMLElement;

  constructor(private readonly options: ViewerInput<HelloPayload>) {
    const { payload, trans } = options;
    this.words = trans.__("Hello, %1!", payload.name);
    const keys = helloKeys(trans);
    this.frame = new ViewerFrame({
      trans,
      name: "Hello",
      title: trans.__("Hello"),
      label: trans.__("A greeting. The letter g greets again."),
      keys,
      act: (action) => this.act(action),
      draw: () => setText(this.frame.lines.live, this.words),
      exported: this,
    });
    this.node = this.frame.node;
    const greet = button(trans.__("Greet"), keys.tip("greet"), () => this.act({ type: "greet" }));
    const row = element("div", { class: "jp-FoveaView-controls" }, greet);
    const controls = { node: row, addButtons: (buttons: readonly HTMLElement[]) => row.append(...buttons) };
    this.frame.fill({ controls, stage: [element("p", { text: "👋" })], below: [this.frame.lines.live] });
  }

  receive({ message }: Received): void {
    this.words = readHelloReply(message).words;
    this.frame.ask();
  }

  setProblem(message: string): void {
    this.frame.lines.setProblem(message);
  }

  exportName(): string {
    return "hello";
  }

  exportPicture(): ViewPicture {
    return { rows: [], words: [this.words] };
  }

  exportData(): unknown {
    return { words: this.words };
  }

  exportCode(): string {
    return `view.hello(${JSON.stringify(this.options.payload.name)})`;
  }

  dispose(): void {
    this.frame.dispose();
  }

  private act({ type }: HelloAction): void {
    const request: GreetRequest = { type: "greet" };
    if (type === "greet") this.options.send(request);
  }

  private words: string;
  private readonly frame: ViewerFrame<HelloAction>;
}
