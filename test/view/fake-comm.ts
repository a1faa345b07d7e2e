import type { Comm, CommMessage, JSONValue } from "../../kernel/display/host";

export interface Sent {
  data: { [key: string]: JSONValue };
  buffers: Uint8Array[];
}

/** The kernel's end of a comm, with the browser's end in the test's hands. */
export class FakeComm implements Comm {
  readonly id = "c";
  readonly target = "fovea.view";
  readonly closed = false;
  readonly sent: Sent[] = [];
  private handler: (message: CommMessage) => void | Promise<void> = () => {};

  constructor(private readonly hear: (sent: Sent) => void = () => {}) {}

  send(data: JSONValue, options: { buffers?: Uint8Array[] } = {}): void {
    const sent: Sent = { data: data as Sent["data"], buffers: options.buffers ?? [] };
    this.sent.push(sent);
    this.hear(sent);
  }
  close(): void {}
  onMessage(handler: (message: CommMessage) => void | Promise<void>): void {
    this.handler = handler;
  }
  onClose(): void {}
  receive(data: JSONValue): void {
    void this.handler({ data, metadata: {}, buffers: [] });
  }

  /** Sends messages one after another and waits for so many replies to them; a machine that is busy takes its time. */
  async ask(messages: readonly JSONValue[], replies = messages.length): Promise<void> {
    const wanted = this.sent.length + replies;
    for (const message of messages) this.receive(message);
    for (const end = Date.now() + 20_000; this.sent.length < wanted && Date.now() < end;)
      await new Promise((done) => setTimeout(done, 10));
  }
}
