/**
 * Kernel process of Fovea.
 *
 *   front end <-zmq-> kernel process (sockets, protocol, comm table) <-link-> session process (compiles and runs cells)
 *
 * This process loads nothing heavy: the sockets are bound first and the session warms beside it. It never runs user
 * code, so it answers heartbeats, interrupts and shutdowns whatever a cell does.
 */
import { readConnectionFile } from "./connection";
import { reportFault } from "./faults";
import { Kernel } from "./kernel";
import { watchParent } from "./parent";
import { Sockets } from "./sockets";

async function main(): Promise<void> {
  const path = process.argv[2];
  if (path === undefined) throw new Error("fovea kernel: needs the path of a connection file as its argument");
  const connection = readConnectionFile(path);
  const sockets = new Sockets();
  await sockets.bind(connection);
  const kernel = new Kernel(connection, sockets, (code) => process.exit(code));
  process.on("uncaughtException", reportFault);
  kernel.start();
  process.on("SIGINT", () => kernel.interrupt());
  process.on("SIGTERM", () => void kernel.stop());
  process.on("SIGHUP", () => void kernel.stop());
  watchParent(() => void kernel.stop());
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
