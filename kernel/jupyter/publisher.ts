/** Composes messages and sends them on iopub or back to the requesting client. */
import type { SendQueue, Sockets } from "./sockets";
import type { Content, Header, Message, Outlet, ReplyChannel } from "./messages";
import { encode, HeaderFactory, type Signer } from "./wire";

/** Composer of the messages of one kernel. */
export class Publisher implements Outlet {
  private readonly headers = new HeaderFactory();
  private published = false;

  constructor(
    private readonly sockets: Sockets,
    private readonly signer: Signer,
  ) {}

  /** Publishes on iopub. The topic frame is the message type, by which subscribers may filter. */
  publish(
    msgType: string,
    content: Content,
    parent?: Header,
    extra: { metadata?: Content; buffers?: Uint8Array[] } = {},
  ): void {
    this.published = true;
    this.send(this.sockets.iopub, [Buffer.from(msgType)], msgType, content, parent, extra);
  }

  status(state: "starting" | "busy" | "idle", parent?: Header): void {
    this.publish("status", { execution_state: state }, parent);
  }

  reply(channel: ReplyChannel, request: Message, content: Content): void {
    const msgType = request.header.msg_type.replace(/_request$/, "_reply");
    this.send(this.sockets[channel], request.identities, msgType, content, request.header, {});
  }

  askInput(request: Message, prompt: string, password: boolean): void {
    this.send(this.sockets.stdin, request.identities, "input_request", { prompt, password }, request.header, {});
  }

  /**
   * Welcomes a subscriber. The first one also hears that the kernel is starting: before it, nobody would, or it would come
   * ahead of the welcome.
   */
  welcome(topic: string): void {
    this.send(this.sockets.iopub, [Buffer.from(topic)], "iopub_welcome", { subscription: topic }, undefined, {});
    if (!this.published) this.status("starting");
  }

  private send(
    queue: SendQueue,
    identities: Uint8Array[],
    msgType: string,
    content: Content,
    parent: Header | undefined,
    { metadata = {}, buffers = [] }: { metadata?: Content; buffers?: Uint8Array[] },
  ): void {
    const header = this.headers.create(msgType);
    const message: Message = { identities, header, parentHeader: parent ?? {}, metadata, content, buffers };
    queue.send(encode(message, this.signer));
  }
}
