import { platform } from "../platform";
import type { Thread } from "../platform/types";
import type { Request, Response } from "./messages";
import { forThread, RUNTIME, runtimeVersion } from "./node";
import {
  type BackendSession,
  DeviceError,
  type HostTensor,
  type InferenceBackend,
  type RunOptions,
  type SessionOptions,
} from "./types";
import { noteRun } from "./usage";

interface Pending {
  resolve(response: Response): void;
  reject(error: Error): void;
}

type Unsent<R> = R extends Request ? Omit<R, "id"> : never;

/** Worker thread with its unanswered requests. It keeps the process alive only while requests are open. */
class Channel {
  private readonly pending = new Map<number, Pending>();
  private worker: Thread | null = null;
  private lastId = 0;

  /** Sends a request; its array buffers move to the worker. */
  send(request: Unsent<Request>, transfer: ArrayBuffer[] = []): Promise<Response> {
    const worker = (this.worker ??= this.start());
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      worker.ref();
      worker.postMessage({ ...request, id }, transfer);
    });
  }

  private start(): Thread {
    const worker = platform().thread("backend/node/worker");
    worker.unref();
    worker.on("message", (response: Response) => this.settle(worker, response));
    worker.on("error", (error: unknown) =>
      this.fail(
        worker,
        error instanceof Error ? error : new DeviceError("backend", "the inference thread failed", error),
      ),
    );
    worker.on("exit", (code) =>
      this.fail(worker, new DeviceError("backend", "the inference thread ended", `exit code ${code}`)),
    );
    return worker;
  }

  private settle(worker: Thread, response: Response): void {
    this.pending.get(response.id)?.resolve(response);
    this.pending.delete(response.id);
    if (!this.pending.size) worker.unref();
  }

  private fail(worker: Thread, error: Error): void {
    if (this.worker === worker) this.worker = null;
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
  }
}

class WorkerSession implements BackendSession {
  private disposed = false;

  constructor(
    private readonly channel: Channel,
    private readonly id: number,
    private readonly options: SessionOptions,
  ) {}

  get device(): SessionOptions["device"] {
    return this.options.device;
  }

  async run(
    feeds: Record<string, HostTensor>,
    fetches: string[],
    { lend = false, fn = this.options.fn }: RunOptions = {},
  ): Promise<Record<string, HostTensor>> {
    if (this.disposed) throw new DeviceError(fn, "the session is disposed", this.device);
    const buffers = [...new Set(Object.values(feeds).map((tensor) => tensor.data.buffer as ArrayBuffer))];
    const start = performance.now();
    const response = await this.channel.send({ kind: "run", session: this.id, feeds, fetches, lend }, buffers);
    for (const [name, { data }] of Object.entries(response.feeds ?? {})) feeds[name].data = data;
    if (response.error !== undefined)
      throw new DeviceError(fn, `${this.device} could not run the model`, response.error);
    const ms = performance.now() - start;
    noteRun({ device: this.device, runtime: `${RUNTIME} ${runtimeVersion()}`, ms, threads: this.options.threads ?? 0 });
    return response.results ?? {};
  }

  async dispose(): Promise<void> {
    if (this.disposed) return;
    this.disposed = true;
    await this.channel.send({ kind: "dispose", session: this.id });
  }
}

const channels = new Map<number, Channel>();

function channelOf(lane: number): Channel {
  const channel = channels.get(lane) ?? new Channel();
  channels.set(lane, channel);
  return channel;
}

/** onnxruntime in threads, one per lane; most sessions of a process share the first. */
export const onnxruntime: InferenceBackend = {
  name: RUNTIME,

  async create(model: string | Uint8Array, options: SessionOptions): Promise<BackendSession> {
    const channel = channelOf(options.lane ?? 0);
    const response = await channel.send({ kind: "create", ...forThread(model, options) });
    if (response.error !== undefined)
      throw new DeviceError(options.fn, `${options.device} refused the model`, response.error);
    return new WorkerSession(channel, response.id, options);
  },
};
