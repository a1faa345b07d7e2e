/** A plain host of files, without any special header. */
import { readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { gzipSync } from "node:zlib";

const TYPES: Record<string, string> = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

export interface StaticHost {
  url: string;
  /** Bytes that were sent, compressed as hosts do, by path. */
  sent: Map<string, number>;
  /** Answers in place of files, by path: bytes, or `null` for a file that is not there. */
  instead: Map<string, Uint8Array | null>;
  /** Headers of every answer beside those of a plain host. */
  headers: Record<string, string>;
  close(): void;
}

/** @param folders folders by the path that they are served under */
export async function serveFolders(folders: Record<string, string>): Promise<StaticHost> {
  const sent = new Map<string, number>();
  const instead = new Map<string, Uint8Array | null>();
  const own: Record<string, string> = {};
  const find = (path: string): Uint8Array | null => {
    const other = instead.get(path);
    if (other !== undefined) return other;
    if (path.endsWith("/")) return Buffer.from("<!doctype html><meta charset=utf-8><title>page</title>");
    const place = Object.keys(folders).find((prefix) => path.startsWith(prefix));
    const file = place && join(folders[place], normalize(path.slice(place.length)));
    return file && statSync(file, { throwIfNoEntry: false })?.isFile() ? readFileSync(file) : null;
  };
  const compressed = new Map<string, Uint8Array>();
  const server = createServer(({ url }, answer) => {
    const path = new URL(url ?? "/", "http://host").pathname;
    const bytes = find(path);
    if (!bytes) return void answer.writeHead(404).end();
    const isKept = !instead.has(path);
    const body = (isKept && compressed.get(path)) || gzipSync(bytes, { level: 6 });
    if (isKept) compressed.set(path, body);
    sent.set(path, body.length);
    const type = TYPES[extname(path) || ".html"] ?? "application/octet-stream";
    const headers = { "content-type": type, "content-encoding": "gzip", "cache-control": "max-age=600" };
    answer.writeHead(200, { ...headers, ...own }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, sent, instead, headers: own, close: () => void server.close() };
}
