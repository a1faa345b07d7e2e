/**
 * Child process that runs user code: started at once, replaced when it dies. It leads a separate process group, so that
 * a SIGINT to the kernel's group reaches it only once, through this process. Messages go over the link (fd 3). The
 * lifeline pipe (fd 4) reports the end of this process, which the link cannot do while user code blocks the event loop.
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { StringDecoder } from "node:string_decoder";
import { loaderEnvironment } from "../backend/install/places";
import { FrameError, FrameReader, writeFrame, writeParts } from "./frames";
import { reportFault } from "./faults";
import type { FromSession, StreamName, ToSession } from "./ipc";
import { checkFromSession } from "./session-messages";
import { openShelf, ShelfReader, ShelfWriter } from "./shelf";
import { SESSION_MAIN, sessionFlags } from "./start-snapshot";

export interface SessionEvents {
  message(message: FromSession): void;
  /** Receives output on fd 1 or 2 of native code or a child process, past `process.stdout`. */
  fdOutput(name: StreamName, text: string): void;
  exit(end: SessionEnd): void;
}

/** End of a session with the last text on its standard error. */
export interface SessionEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The kernel process ended it, for this reason. */
  fault?: string | undefined;
  wasReady: boolean;
  stderrTail: string;
  /** Messages that it never read. */
  unread: ToSession[];
}

const TAIL = 8192;
const UNUSABLE = "a cell has changed what every object or list inherits, in a way that cannot be taken back";
const LINK_FD = 3;
const LIFELINE_FD = 4;
const ANSWER_FD = 5;
/** Shared memory to the session and from it. */
const TO_SHELF_FD = 6;
const FROM_SHELF_FD = 7;

/** Process of a session. */
export class SessionProcess {
  private readonly child: ChildProcess;
  private readonly link: Socket;
  private wasReady = false;
  /** Number of cells and comm messages that the session has not finished. */
  private underWay = 0;
  private interrupts = 0;
  private held: ToSession[] = [];
  private stderrTail = "";
  private fault: string | undefined;
  private readonly shelves = [openShelf(), openShelf()] as const;
  private readonly out = new ShelfWriter(this.shelves[0]);
  private readonly back = new ShelfReader(this.shelves[1]);

  /** @param snapshot start-up snapshot, in place of the usual start */
  constructor(
    private readonly events: SessionEvents,
    readonly snapshot?: string,
  ) {
    const start = snapshot === undefined ? [] : ["--snapshot-blob", snapshot];
    this.child = spawn(process.execPath, [...sessionFlags(), ...start, SESSION_MAIN], {
      detached: true,
      // An empty standard input: a pipe that nobody writes would hold a synchronous reader, and programs that a cell starts, for good.
      stdio: ["ignore", "pipe", "pipe", "pipe", "pipe", "pipe", ...this.shelves.map((fd) => fd ?? "ignore")],
      env: {
        // A heap of native memory a thread, as the C library gives, costs a session 6 MB.
        MALLOC_ARENA_MAX: "2",
        ...process.env,
        // The loader of shared libraries reads its path once at the start of a process, so a cell could not set it.
        ...loaderEnvironment(),
        FOVEA_LINK_FD: String(LINK_FD),
        FOVEA_LIFELINE_FD: String(LIFELINE_FD),
        FOVEA_ANSWER_FD: String(ANSWER_FD),
        FOVEA_SHELF_FDS: this.shelves.includes(undefined) ? "" : `${TO_SHELF_FD} ${FROM_SHELF_FD}`,
      },
    });
    this.child.on("error", () => this.kill());
    for (const fd of [LIFELINE_FD, ANSWER_FD]) this.pipe(fd).on("error", ignoreBrokenPipe);
    this.link = this.pipe(LINK_FD);
    this.listen();
    this.relay("stdout");
    this.relay("stderr");
    // `close` follows `exit` and the drained pipes, so the tail is complete. A grandchild that holds a pipe open must
    // not delay the report for ever.
    this.child.once("exit", (code, signal) => {
      let reported = false;
      const report = (): void => {
        if (reported) return;
        reported = true;
        this.out.close();
        this.back.close();
        const { fault, wasReady, stderrTail, held: unread } = this;
        this.events.exit({ code, signal, fault, wasReady, stderrTail, unread });
      };
      this.child.once("close", report);
      setTimeout(report, 300);
    });
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Sends a message. Messages wait until the session is ready, so that an interrupt can withdraw them. */
  send(message: ToSession): void {
    if (!this.wasReady) return void this.held.push(message);
    if (message.type === "execute" || message.type.startsWith("comm")) this.underWay++;
    if (this.link.writable) writeFrame(this.link, this.out.put(message), writeParts);
  }

  /** Our end of a pipe to the session. */
  private pipe(fd: number): Socket {
    return (this.child.stdio as readonly unknown[])[fd] as Socket;
  }

  /** Answers a blocked `prompt`, which reads its pipe synchronously; `null` reports an interrupt. */
  sendInput(value: string | null): void {
    this.pipe(ANSWER_FD).write(`${JSON.stringify(value)}\n`);
  }

  /**
   * Interrupts the session with a line on the lifeline, whose watcher raises SIGINT while work is under way and ensures
   * an answer, and with a message behind that work and before later messages.
   */
  interrupt(): void {
    if (!this.wasReady) return this.takeBackExecution();
    const state = this.underWay > 0 ? "busy" : "idle";
    const number = ++this.interrupts;
    this.pipe(LIFELINE_FD).write(`${state} ${number}\n`);
    this.send({ type: "interrupt", number });
  }

  kill(): void {
    this.child.kill("SIGKILL");
  }

  private listen(): void {
    const reader = new FrameReader((framed) => {
      const message = this.back.take(framed);
      checkFromSession(message);
      this.receive(message);
    });
    this.link.on("error", ignoreBrokenPipe);
    this.link.on("data", (piece: Buffer) => {
      try {
        reader.push(piece);
      } catch (error) {
        this.giveUp(error);
      }
    });
  }

  /** Ends the link after a message that cannot be read: user code can reach the link, and nothing behind the fault can be read either. */
  private giveUp(error: unknown): void {
    if (!(error instanceof FrameError)) reportFault(error);
    const why = error instanceof Error ? error.message : "its message could not be handled";
    this.fault ??= `it sent what is no message (${why}), as when a cell writes to its link`;
    this.link.destroy();
    this.kill();
  }

  private receive(message: FromSession): void {
    if (message.type === "ready") this.becomeReady();
    if (message.type === "unusable") this.fault ??= UNUSABLE;
    if (message.type === "done" || message.type === "commHandled") this.underWay--;
    this.events.message(message);
  }

  private becomeReady(): void {
    this.wasReady = true;
    if (this.child.pid !== undefined) this.child.once("exit", guard(this.child.pid));
    for (const message of this.held.splice(0)) this.send(message);
  }

  private takeBackExecution(): void {
    const at = this.held.findIndex((message) => message.type === "execute");
    const [command] = at < 0 ? [] : this.held.splice(at, 1);
    if (command?.type !== "execute") return;
    const evalue = "the cell was interrupted before the session was ready to run it";
    const outcome = {
      status: "error" as const,
      ename: "KeyboardInterrupt",
      evalue,
      traceback: [`KeyboardInterrupt: ${evalue}`],
    };
    this.events.message({ type: "done", parent: command.parent, outcome });
  }

  private relay(name: StreamName): void {
    const decoder = new StringDecoder("utf8");
    this.child[name]?.on("data", (chunk: Buffer) => {
      const text = withoutBanners(decoder.write(chunk));
      if (name === "stderr") this.stderrTail = (this.stderrTail + text).slice(-TAIL);
      // Node's message about a snapshot that it cannot use concerns no cell.
      if (text !== "" && (this.wasReady || this.snapshot === undefined)) this.events.fdOutput(name, text);
    });
  }
}

function ignoreBrokenPipe(): void {}

/**
 * Lines that native libraries write to stderr despite every setting and that do not concern a notebook's reader:
 * TensorFlow's note on oneDNN, and absl's note on output before its set-up.
 */
const BANNERS =
  /^(?:WARNING: All log messages before absl::InitializeLog\(\) is called are written to STDERR|I\d{4} .*\] oneDNN custom operations are on\. .*)\r?\n/gm;

/** Returns the text without those lines. */
export function withoutBanners(text: string): string {
  return text.replace(BANNERS, "");
}

/**
 * A stopped session (SIGSTOP, a debugger) cannot notice that the kernel process is gone, and its group is another, so that a
 * killed kernel would leave it behind. A shell waits for the end of a pipe that only the kernel process holds, and kills it.
 */
const SCRIPT = 'read -r _; kill -9 "$0"';

/** Starts the guard. Call the returned function once the session has ended by itself: its process id may be reused then. */
export function guard(pid: number): () => void {
  const shell = spawn("/bin/sh", ["-c", SCRIPT, String(pid)], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  // Without a shell, only a session that runs follows the kernel process.
  shell.on("error", () => undefined);
  shell.stdin.on("error", () => undefined);
  shell.unref();
  return () => void shell.kill("SIGKILL");
}
