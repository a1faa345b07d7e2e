/** The part of an inference thread that Node and a page share: both runtimes have onnxruntime's common interface. */
import type { HostTensor } from "./types";
import type { Request, Response } from "./messages";

/** A tensor of the runtime. */
interface RuntimeTensor {
  readonly type: string;
  readonly data: unknown;
  readonly dims: readonly number[];
}

/** A model that the runtime has loaded. */
interface RuntimeSession {
  run(feeds: Record<string, never>, fetches: readonly string[]): Promise<Record<string, RuntimeTensor>>;
  release(): Promise<void>;
}

/** A loaded model, and the tensors of the onnxruntime that loaded it. */
interface Loaded {
  session: RuntimeSession;
  Tensor: new (type: never, data: never, dims: readonly number[]) => RuntimeTensor;
}

/** Loads a model with the onnxruntime of its device. */
type Load = (request: Extract<Request, { kind: "create" }>) => Promise<Loaded>;

/** Sessions of one thread. */
export class InferenceWorker {
  private readonly sessions = new Map<number, Loaded>();

  constructor(private readonly load: Load) {}

  /** Does what a request asks for. A failure of the runtime becomes the response's `error`. */
  async answer(request: Request): Promise<Response> {
    const { id } = request;
    try {
      return { id, ...(await this.perform(request)) };
    } catch (error) {
      return { id, error: error instanceof Error ? error.message : `the runtime failed with ${String(error)}` };
    }
  }

  private async perform(request: Request): Promise<Omit<Response, "id">> {
    switch (request.kind) {
      case "create":
        this.sessions.set(request.id, await this.load(request));
        return {};
      case "dispose":
        await this.sessions.get(request.session)?.session.release();
        this.sessions.delete(request.session);
        return {};
      case "run": {
        const results = await this.run(request);
        return request.lend ? { results, feeds: request.feeds } : { results };
      }
      default:
        return request satisfies never;
    }
  }

  private async run(request: Extract<Request, { kind: "run" }>): Promise<Record<string, HostTensor>> {
    const { session, feeds, fetches } = request;
    const loaded = this.sessions.get(session);
    if (!loaded) throw new Error("the session is disposed");
    const { Tensor } = loaded;
    const inputs = Object.entries(feeds).map(([name, { type, data, dims }]) => [
      name,
      new Tensor(type as never, data as never, dims),
    ]);
    const outputs = await loaded.session.run(Object.fromEntries(inputs) as Record<string, never>, fetches);
    return Object.fromEntries(fetches.map((name) => [name, hostTensor(outputs[name])]));
  }
}

function hostTensor({ type, data, dims }: RuntimeTensor): HostTensor {
  const bits = data as HostTensor["data"];
  // Newer versions of Node and browsers give float16 as a Float16Array, which is no Uint16Array; the bits are the same.
  const plain = type === "float16" ? new Uint16Array(bits.buffer as ArrayBuffer, bits.byteOffset, bits.length) : bits;
  return { type: type as HostTensor["type"], data: plain, dims: [...dims] };
}

/** Memory that moves to the receiver with a response. */
export function buffersOf(response: Response): ArrayBuffer[] {
  const tensors = [...Object.values(response.results ?? {}), ...Object.values(response.feeds ?? {})];
  return [...new Set(tensors.map((tensor) => tensor.data.buffer as ArrayBuffer))];
}
