/** Session process: compiles and runs cells, and contains everything that user code can break. */
import type { FromSession } from "../../jupyter/ipc";
import { openLink } from "./link";
import { Session } from "../session";
import { holdLifeline, isLateSignal, unbroken } from "./lifeline";

type Listeners = [event: string, listener: (value: unknown) => void][];

function own(event: "newListener" | "removeListener"): Listeners {
  return process.listeners(event as "exit").map((listener) => [event, listener as Listeners[0][1]]);
}

/** Adds the listeners that are missing: without them an error or an interrupt would end the process, and cells may remove all. */
function hold(listeners: Listeners): void {
  for (const [event, listener] of listeners)
    if (!process.listeners(event as "exit").includes(listener)) process.on(event, listener);
}

function main(): void {
  const link = openLink();
  const send = (message: FromSession): void => {
    unbroken(() => link.send(message));
    if (message.type === "done") hold(listeners);
  };
  const session = new Session(send, link.abandon);
  const listeners: Listeners = [
    // Node's own, which start and stop listening to signals.
    ...(["newListener", "removeListener"] as const).flatMap((event) => own(event)),
    ["SIGINT", () => isLateSignal() || session.interrupt()],
    ["uncaughtException", (error) => session.reportLate(error)],
    ["unhandledRejection", (reason) => session.reportLate(reason)],
  ];
  hold(listeners);
  link.listen((message) => session.receive(message));
  session.warm();
  holdLifeline();
  link.send({ type: "ready" });
}

main();
