/** A server on the loopback interface that imitates the hub, with faults. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const COMMIT = "0123456789abcdef0123456789abcdef01234567";
export const REPO = "owner/name";

/** Faults of the next answers, in order; each is used once. */
export type Fault =
  | { kind: "cut"; after: number }
  | { kind: "status"; status: number; headers?: Record<string, string> }
  | { kind: "truncate"; after: number }
  | { kind: "drip"; after?: number };

export interface Seen {
  method: string;
  path: string;
  range: string | undefined;
  authorization: string | undefined;
}

export class FakeHub {
  readonly files = new Map<string, Buffer>();
  /** Files whose content comes from this other origin. */
  cdn: string | null = null;
  /** For `GET`s of files. */
  faults: Fault[] = [];
  /** Sent instead of the true one. */
  etag: string | null = null;
  headers: Record<string, string> = {};
  /** Needed to see anything, where set. */
  token: string | null = null;
  siblings: unknown = null;
  /** Leave the file's length out of redirects. */
  withoutSize = false;
  readonly seen: Seen[] = [];
  private readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => this.answer(request, response));
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  reset(): void {
    this.files.clear();
    Object.assign(this, {
      cdn: null,
      faults: [],
      etag: null,
      headers: {},
      token: null,
      siblings: null,
      withoutSize: false,
    });
    this.seen.length = 0;
  }

  gets(): Seen[] {
    return this.seen.filter(({ method, path }) => method === "GET" && path.includes("/resolve/"));
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const { method = "", url = "", headers } = request;
    const path = decodeURIComponent(url);
    this.seen.push({ method, path, range: headers.range, authorization: headers.authorization });
    if (this.token && headers.authorization !== `Bearer ${this.token}`) return send(response, 401);
    if (path.startsWith("/api/models/")) return this.list(response);
    const [, file] = /^\/owner\/name\/resolve\/[^/]+\/(.+)$/.exec(path) ?? [];
    const content = file === undefined ? undefined : this.files.get(file);
    if (content === undefined) return send(response, 404, { "x-error-code": file ? "EntryNotFound" : "RepoNotFound" });
    const told = { ...this.metadata(content), ...this.headers };
    if (this.cdn) return this.redirect(response, { ...told, location: `${this.cdn}${url}` });
    if (method === "HEAD") return send(response, 200, { ...told, "content-length": String(content.length) });
    this.deliver(response, content, headers.range, told);
  }

  private redirect(response: ServerResponse, headers: Record<string, string>): void {
    if (this.withoutSize) delete headers["x-linked-size"];
    send(response, 302, { ...headers, "content-length": "0" });
  }

  private metadata(content: Buffer): Record<string, string> {
    const etag = this.etag ?? createHash("sha256").update(content).digest("hex");
    return { "x-repo-commit": COMMIT, "x-linked-etag": `"${etag}"`, "x-linked-size": String(content.length) };
  }

  private list(response: ServerResponse): void {
    if (this.faults.shift()?.kind === "drip") {
      response.writeHead(200, { "content-type": "application/json" });
      return drip(response, Buffer.from(JSON.stringify({ siblings: Array(999).fill({ rfilename: "a" }) })));
    }
    const siblings = this.siblings ?? [...this.files.keys()].map((rfilename) => ({ rfilename }));
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ siblings }));
  }

  private deliver(
    response: ServerResponse,
    content: Buffer,
    range: string | undefined,
    headers: Record<string, string>,
  ): void {
    const fault = this.faults.shift();
    if (fault?.kind === "status") return send(response, fault.status, fault.headers);
    const start = range ? Number(/^bytes=(\d+)-$/.exec(range)![1]) : 0;
    const rest = content.subarray(start);
    const span = range ? { "content-range": `bytes ${start}-${content.length - 1}/${content.length}` } : {};
    if (fault?.kind === "truncate") {
      // Without a length the end of the answer is no error of HTTP.
      response.writeHead(range ? 206 : 200, { ...headers, ...span });
      response.end(rest.subarray(0, fault.after));
      return;
    }
    response.writeHead(range ? 206 : 200, { ...headers, ...span, "content-length": rest.length });
    if (fault?.kind === "drip") return drip(response, rest, fault.after);
    if (fault?.kind !== "cut") response.end(rest);
    else response.write(rest.subarray(0, fault.after), () => setTimeout(() => response.destroy(), 20));
  }
}

/** Sends some bytes at once and then one now and then, as long as somebody listens. */
function drip(response: ServerResponse, content: Buffer, after = 0): void {
  let at = after;
  if (after) response.write(content.subarray(0, after));
  const timer = setInterval(
    () => (at < content.length ? response.write(content.subarray(at, ++at)) : response.end()),
    10,
  );
  response.on("close", () => clearInterval(timer));
}

function send(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, headers).end();
}
