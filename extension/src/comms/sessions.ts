import type { ISessionContext } from "@jupyterlab/apputils";
import { Signal, type ISignal } from "@lumino/signaling";
import type { Widget } from "@lumino/widgets";

export interface SessionFinder {
  /** The session of the notebook that contains `widget`, or `undefined`: a clone in a separate panel has none. */
  find(widget: Widget): ISessionContext | undefined;
  /** Sessions of all open notebooks. */
  all(): ISessionContext[];
  /** Emits when a notebook has opened or closed. */
  readonly changed: ISignal<unknown, void>;
}

/** Sessions by notebook panel. */
export class PanelSessions implements SessionFinder {
  private readonly sessions = new Map<Widget, ISessionContext>();
  private readonly signal = new Signal<this, void>(this);

  get changed(): ISignal<this, void> {
    return this.signal;
  }

  add(panel: Widget, session: ISessionContext): void {
    this.sessions.set(panel, session);
    this.signal.emit();
  }

  delete(panel: Widget): void {
    if (this.sessions.delete(panel)) this.signal.emit();
  }

  all(): ISessionContext[] {
    return [...this.sessions.values()];
  }

  find(widget: Widget): ISessionContext | undefined {
    for (let at: Widget | null = widget; at; at = at.parent) {
      const session = this.sessions.get(at);
      if (session) return session;
    }
    return undefined;
  }
}
