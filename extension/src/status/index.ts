import { ILabShell, type JupyterFrontEnd, type JupyterFrontEndPlugin } from "@jupyterlab/application";
import type { ISessionContext } from "@jupyterlab/apputils";
import { IStatusBar } from "@jupyterlab/statusbar";
import { ITranslator, nullTranslator } from "@jupyterlab/translation";
import { ISessionFinder, type SessionFinder } from "../comms";
import { StatusConnection } from "./connection";
import { StatusItem } from "./item";

export const statusPlugin: JupyterFrontEndPlugin<void> = {
  id: "jupyterlab-fovea:status",
  description: "Says in the status bar what the kernel of the active notebook computes with.",
  autoStart: true,
  requires: [ISessionFinder],
  optional: [IStatusBar, ILabShell, ITranslator],
  activate: (
    _app: JupyterFrontEnd,
    sessions: SessionFinder,
    bar: IStatusBar | null,
    shell: ILabShell | null,
    translator: ITranslator | null,
  ): void => {
    if (!bar || !shell) return;
    const item = new StatusItem((translator ?? nullTranslator).load("jupyterlab_fovea"));
    const follow = follower(item);
    bar.registerStatusItem("jupyterlab-fovea:status", {
      item,
      align: "right",
      rank: 90,
      isActive: () => item.shown,
      activeStateChanged: item.shownChanged,
    });
    shell.currentChanged.connect((_, { newValue }) => follow(newValue ? sessions.find(newValue) : undefined));
  },
};

/** One notebook at a time: of the others nothing is heard and nothing asked. */
function follower(item: StatusItem): (context: ISessionContext | undefined) => void {
  let current: { context: ISessionContext; connection: StatusConnection } | undefined;
  return (context) => {
    if (context === current?.context) return;
    current?.connection.dispose();
    current = undefined;
    item.setStatus();
    if (!context) return;
    const connection = new StatusConnection(context);
    connection.changed.connect(() => item.setStatus(connection.status));
    current = { context, connection };
  };
}
