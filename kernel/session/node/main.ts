/** Session process: compiles and runs cells, and contains everything that user code can break. */
import { openLink } from "./link";
import { Session } from "../session";
import { holdLifeline, isLateSignal, unbroken } from "./lifeline";

function main(): void {
  const link = openLink();
  const session = new Session((message) => unbroken(() => link.send(message)), link.abandon);
  link.listen((message) => session.receive(message));
  process.on("SIGINT", () => isLateSignal() || session.interrupt());
  process.on("uncaughtException", (error) => session.reportLate(error));
  process.on("unhandledRejection", (reason) => session.reportLate(reason));
  session.warm();
  holdLifeline();
  link.send({ type: "ready" });
}

main();
