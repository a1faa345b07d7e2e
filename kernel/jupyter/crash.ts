/** Describes the end of a session process. */
import type { ErrorReport } from "./ipc";
import type { SessionEnd } from "./session-process";

const LOST = "All variables of this session are lost; the next cell runs in a fresh one.";

/** Returns the error report of a session process that ended. */
export function crashReport(end: SessionEnd): ErrorReport {
  const evalue = `${cause(end)} ${LOST}`;
  const traceback = [`\x1b[31mSessionCrashed\x1b[39m: ${evalue}`];
  // The standard error of a ready session is already shown in the cell.
  const tail = end.wasReady ? "" : lastLines(end.stderrTail, 12);
  if (tail !== "") traceback.push("The last lines of its standard error:", tail);
  return { ename: "SessionCrashed", evalue, traceback };
}

function cause({ code, signal, fault, wasReady, stderrTail }: SessionEnd): string {
  if (fault !== undefined) {
    return `The session process was ended because ${fault}.`;
  }
  if (/JavaScript heap out of memory|Reached heap limit/.test(stderrTail)) {
    return `The session process ran out of JavaScript heap memory (${ending(code, signal)}).`;
  }
  if (!wasReady) return `The session process ended before it was ready (${ending(code, signal)}).`;
  if (signal === "SIGKILL") {
    return "The session process was killed by SIGKILL, as the system does when memory runs out.";
  }
  if (signal !== null) return `The session process ended by signal ${signal}: a fault or abort in native code.`;
  return `The session process ended with exit code ${code ?? "unknown"}, for example by process.exit().`;
}

function ending(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `exit code ${code ?? "unknown"}` : `signal ${signal}`;
}

function lastLines(text: string, count: number): string {
  return text.trimEnd().split("\n").slice(-count).join("\n");
}
