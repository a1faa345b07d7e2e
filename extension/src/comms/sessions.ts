import type { ISessionContext } from "@jupyterlab/apputils";
import type { Widget } from "@lumino/widgets";

export interface SessionFinder {
  /** The session of the notebook that contains `widget`, or `undefined`: a clone in a separate panel has none. */
  find(widget: Widget): ISessionContext | undefined;
}

/** Sessions by notebook panel. */
export class PanelSessions implements SessionFinder {
  private readonly sessions = new Map<Widget, ISessionContext>();

  add(panel: Widget, session: ISessionContext): void {
    this.sessions.set(panel, session);
  }

  delete(panel: Widget): void {
    this.sessions.delete(panel);
  }

  find(widget: Widget): ISessionContext | undefined {
    for (let at: Widget | null = widget; at; at = at.parent) {
      const session = this.sessions.get(at);
      if (session) return session;
    }
    return undefined;
  }
}
