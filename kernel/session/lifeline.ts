/**
 * End this process when the kernel process is gone, even while a cell blocks the event loop: a worker thread reads the
 * lifeline pipe, and its end means that nobody is left to talk to.
 */
import { Worker } from "node:worker_threads";

const WATCHER = `
const { Socket } = require("node:net");
const { workerData } = require("node:worker_threads");
const end = () => process.kill(process.pid, "SIGKILL");
new Socket({ fd: workerData, readable: true, writable: false }).on("end", end).on("error", end).on("close", end).resume();
`;

export function holdLifeline(): void {
  const fd = Number(process.env["FOVEA_LIFELINE_FD"]);
  delete process.env["FOVEA_LIFELINE_FD"];
  process.once("disconnect", () => process.kill(process.pid, "SIGKILL"));
  if (!Number.isInteger(fd) || fd < 3) return;
  const resourceLimits = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2, codeRangeSizeMb: 4 };
  new Worker(WATCHER, { eval: true, workerData: fd, resourceLimits }).unref();
}
