/** Worker of a page: loads compiler, library and declarations side by side, then hands messages to a session. */
import type { FromWorker, Manifest, ToWorker } from "./messages";

const BASE = new URL(".", import.meta.url).href;

const post = (message: FromWorker): void => globalThis.postMessage(message);
const early: ToWorker[] = [];

globalThis.onmessage = ({ data }: MessageEvent<ToWorker>) => void early.push(data);

async function fetchText(name: string, size?: number): Promise<string> {
  const answer = await fetch(BASE + name);
  if (!answer.ok) throw new Error(`the file ${name} must be there, received status ${answer.status}`);
  const bytes = await answer.arrayBuffer();
  if (size !== undefined && bytes.byteLength !== size)
    throw new Error(`the file ${name} must have ${size} bytes, received ${bytes.byteLength}`);
  return new TextDecoder().decode(bytes);
}

async function fetchTypes(): Promise<{ manifest: Manifest; types: Record<string, string> }> {
  const manifest = JSON.parse(await fetchText("manifest.json")) as Manifest;
  const types = JSON.parse(await fetchText(manifest.types.name, manifest.types.size)) as Record<string, string>;
  return { manifest, types };
}

async function start(): Promise<void> {
  const [{ manifest, types }, { sharedFlags, startSession }, compiler] = await Promise.all([
    fetchTypes(),
    import("./session"),
    import("typescript"),
  ]);
  const receive = startSession(compiler.default ?? compiler, manifest, types, post);
  globalThis.onmessage = ({ data }: MessageEvent<ToWorker>) => receive(data);
  post({ type: "ready", flags: sharedFlags });
  early.forEach(receive);
}

start().catch((error: unknown) => {
  const reason = error instanceof Error ? error.message : String(error);
  post({ type: "failed", message: `start: the files of the kernel must be whole (${reason})` });
});
