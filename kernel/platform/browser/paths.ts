/** Paths with slashes, as the files in memory have them. */
import type { Paths } from "../types";

/** The folder that relative paths begin in. */
export const FOLDER = "/work";

/** Parts of a path without `.` and empty ones; `..` goes up, and stays at the root. */
export function partsOf(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    const isUp = part === ".." && parts.length > 0 && parts.at(-1) !== "..";
    if (isUp) parts.pop();
    else if (part === ".." ? !path.startsWith("/") : part !== "" && part !== ".") parts.push(part);
  }
  return parts;
}

function normal(path: string): string {
  const parts = partsOf(path).join("/");
  return path.startsWith("/") ? `/${parts}` : parts || ".";
}

function resolve(...paths: string[]): string {
  return normal([FOLDER, ...paths].reduce((from, path) => (path.startsWith("/") ? path : `${from}/${path}`)));
}

function basename(path: string, suffix = ""): string {
  const name = path.replace(/\/+$/, "").split("/").at(-1)!;
  return suffix && name !== suffix && name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
}

function dirname(path: string): string {
  const trimmed = path.replace(/\/+$/, "");
  const at = trimmed.lastIndexOf("/");
  return at < 0 ? (trimmed === "" && path !== "" ? "/" : ".") : trimmed.slice(0, at) || "/";
}

function relative(from: string, to: string): string {
  const [start, end] = [partsOf(resolve(from)), partsOf(resolve(to))];
  let shared = 0;
  while (shared < start.length && start[shared] === end[shared]) shared++;
  return [...start.slice(shared).map(() => ".."), ...end.slice(shared)].join("/");
}

export const paths: Paths = {
  sep: "/",
  basename,
  dirname,
  join: (...parts) => normal(parts.filter((part) => part !== "").join("/") || "."),
  relative,
  resolve,
  fromUrl: (url) => decodeURIComponent(new URL(url).pathname),
  toUrl: (path) => `file://${resolve(path).split("/").map(encodeURIComponent).join("/")}`,
};
