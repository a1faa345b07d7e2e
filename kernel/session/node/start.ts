/** Start of a session in its process. */
import type { FromSession } from "../../jupyter/ipc";
import { currentHost } from "../../display/host";
import { OVERVIEW_TARGET } from "../../protocol/overview";
import type { CellCompiler } from "../compile/cells";
import { Session } from "../session";
import { acceptOverview } from "./late-library";
import { holdLifeline, isLateSignal, unbroken } from "./lifeline";
import { openLink } from "./link";

type Listeners = [event: string, listener: (value: unknown) => void][];

function own(event: "newListener" | "removeListener"): Listeners {
  return process.listeners(event as "exit").map((listener) => [event, listener as Listeners[0][1]]);
}

/** Adds the listeners that are missing: without them an error or an interrupt would end the process, and cells may remove all. */
function hold(listeners: Listeners): void {
  for (const [event, listener] of listeners)
    if (!process.listeners(event as "exit").includes(listener)) process.on(event, listener);
}

/**
 * Starts the session of this process.
 *
 * @param compiler a warm compiler; without it one is made and warmed
 */
export function startSession(compiler?: CellCompiler): void {
  const link = openLink();
  const send = (message: FromSession): void => {
    unbroken(() => link.send(message));
    if (message.type === "done") hold(listeners);
  };
  const session = new Session(send, link.abandon, compiler);
  currentHost()?.registerCommTarget(OVERVIEW_TARGET, acceptOverview);
  const listeners: Listeners = [
    // Node's own, which start and stop listening to signals.
    ...(["newListener", "removeListener"] as const).flatMap((event) => own(event)),
    ["SIGINT", () => isLateSignal() || session.interrupt()],
    ["uncaughtException", (error) => session.reportLate(error)],
    ["unhandledRejection", (reason) => session.reportLate(reason)],
  ];
  hold(listeners);
  link.listen((message) => session.receive(message));
  if (!compiler) session.warm();
  holdLifeline();
  link.send({ type: "ready" });
}
