/** Library's connection to the front end; implements the interface of `kernel/display/host.ts`. */
import type { FromSession } from "../jupyter/ipc";
import type { Comm, CommMessage, CommOpenOptions, DisplayOptions, MimeBundle, SessionHost } from "../display/host";
import { checkBuffers, type SessionComms } from "./comms";
import { toJSONObject } from "./json";
import { checkBundle } from "./mime";
import { checkInterrupted, currentScope } from "./run/scope";

/** Host of the library in a session. */
export class Host implements SessionHost {
  constructor(
    private readonly post: (message: FromSession) => void,
    private readonly comms: SessionComms,
  ) {}

  display(bundle: MimeBundle, options: DisplayOptions = {}): void {
    checkInterrupted();
    this.post({
      type: "display",
      parent: currentScope()?.output,
      data: checkBundle("display", bundle),
      metadata: toJSONObject("display metadata", options.metadata),
      displayId: options.displayId,
      update: options.update ?? false,
      buffers: checkBuffers("display", options.buffers),
    });
  }

  clearOutput(wait = false): void {
    checkInterrupted();
    this.post({ type: "clearOutput", parent: currentScope()?.output, wait });
  }

  outputRequest(): string | undefined {
    return currentScope()?.output.msg_id;
  }

  whenInterrupted(undo: () => void): () => void {
    const cell = currentScope()?.cell;
    cell?.undo.add(undo);
    return () => void cell?.undo.delete(undo);
  }

  openComm(target: string, options?: CommOpenOptions): Comm {
    return this.comms.open(target, options);
  }

  registerCommTarget(target: string, handler: (comm: Comm, open: CommMessage) => void): () => void {
    return this.comms.registerTarget(target, handler);
  }
}
