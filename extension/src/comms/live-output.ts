import { Output, type OutputContent } from "../parts/output";
import type { Translate } from "../parts/translate";
import { ViewConnection, type ConnectionState } from "./connection";
import type { SessionFinder } from "./sessions";

/** What an output with a kernel behind it shows. */
export interface LiveContent extends OutputContent {
  setConnection(state: ConnectionState): void;
  setProblem(message: string): void;
}

/** An output that is connected to the kernel of its notebook, as soon as both are there. */
export abstract class LiveOutput<Content extends LiveContent> extends Output<Content> {
  constructor(
    trans: Translate,
    mimeType: string,
    private readonly sessions: SessionFinder | undefined,
  ) {
    super(trans, mimeType);
  }

  /** Hands what the kernel sends to the content. */
  protected abstract listen(connection: ViewConnection, content: Content): void;

  protected override settled(): void {
    const context = this.isAttached && !this.connection ? this.sessions?.find(this) : undefined;
    const { content } = this;
    if (!context || !content) return;
    const connection = new ViewConnection(context, this.view);
    this.connection = connection;
    connection.stateChanged.connect((_, state) => content.setConnection(state));
    connection.failed.connect((_, problem) => content.setProblem(problem));
    this.listen(connection, content);
    content.setConnection(connection.state);
  }

  protected override clear(): void {
    this.connection?.dispose();
    this.connection = undefined;
    super.clear();
  }

  /** The name of the view in its kernel; to be set when the data is read. */
  protected view = "";
  protected connection: ViewConnection | undefined;
}
