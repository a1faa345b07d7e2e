/** The session process: compiles and runs cells, and owns everything that user code can break. */
import type { FromSession, ToSession } from "../jupyter/ipc";
import { Session } from "./session";
import { holdLifeline } from "./lifeline";

function main(): void {
  const send = process.send?.bind(process) as ((message: FromSession) => boolean) | undefined;
  if (!send) throw new Error("fovea session: is started by the kernel process, not by hand");
  const session = new Session((message) => void send(message));
  process.on("message", (message) => session.receive(message as ToSession));
  process.on("SIGINT", () => session.interrupt());
  process.on("uncaughtException", (error) => session.reportLate(error));
  process.on("unhandledRejection", (reason) => session.reportLate(reason));
  session.warm();
  holdLifeline();
  void send({ type: "ready" });
}

main();
