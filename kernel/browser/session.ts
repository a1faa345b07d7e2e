/** The session of a page: mounts files in memory, offers modules to cells, and takes the page's messages. */
import type * as TypeScript from "typescript";
import { memory } from "../platform/browser";
import { fetchNow } from "../platform/browser/remote";
import { offerModule as offerThreadModule, offerScript } from "../platform/browser/threads";
import { FOLDER, paths } from "../platform/browser/paths";
import { loadOffered, offerModule, offerWhole } from "../session/browser/modules";
import { sharedFlags } from "../session/browser";
import { offerTypeScript } from "../session/browser/typescript";
import { Session } from "../session/session";
import { offerFileModules } from "./file-modules";
import type { FileAction, FileAnswers, FromWorker, Manifest, PageFile, ToWorker } from "./messages";

export { sharedFlags };

const LIBRARY = "fovea";
const encoder = new TextEncoder();

/**
 * Starts the session of this worker.
 *
 * @param post sends a message to the page
 * @returns the function that takes the page's messages
 */
export function startSession(
  compiler: typeof TypeScript,
  manifest: Manifest,
  types: Record<string, string>,
  post: (message: FromWorker) => void,
): (message: ToWorker) => void {
  mountTypes(manifest, types);
  for (const { path, name, size } of manifest.files) memory.mount(`/fovea/${path}`, size, () => fetchNow(name, size));
  offerModules();
  offerTypeScript(compiler);
  const session = new Session(post, () => {
    post({ type: "failed", message: "a cell has changed the language so that no cell can run: restart the kernel" });
    throw new Error("the session is unusable");
  });
  session.warm();
  globalThis.onerror = (_event, _source, _line, _column, error: unknown) => (session.reportLate(error), true);
  globalThis.onunhandledrejection = (event) => {
    event.preventDefault();
    session.reportLate(event.reason);
  };
  return (message) => {
    if (message.type === "files") return post(answerFiles(message.id, message.action));
    // The library comes over the network while the compiler checks the cell.
    if (message.type === "execute" && message.code.includes(LIBRARY)) loadOffered(LIBRARY).catch(() => undefined);
    session.receive(message);
  };
}

function mountTypes({ tfjs }: Manifest, types: Record<string, string>): void {
  for (const [path, text] of Object.entries(types)) memory.mount(path, text.length, () => encoder.encode(text));
  let pack: Record<string, string> | undefined;
  const read = (path: string): Uint8Array<ArrayBuffer> => {
    pack ??= JSON.parse(new TextDecoder().decode(fetchNow(tfjs.name, tfjs.size))) as Record<string, string>;
    return encoder.encode(pack[path]);
  };
  for (const path of tfjs.paths) memory.mount(path, 1, () => read(path));
}

function offerModules(): void {
  offerModule(LIBRARY, () => import("./library"));
  offerWhole(LIBRARY, () => import("../index"));
  offerModule("fovea/protocol", () => import("../protocol"));
  offerModule("fovea/tf", async () => (await import("./tf")).loadTf());
  offerFileModules();
  offerScript("backend/node/worker", "inference.js");
  offerThreadModule(
    "encoders/preprocess/preparation-thread",
    () => import("../encoders/preprocess/preparation-thread"),
  );
}

function answerFiles(id: number, action: FileAction): FromWorker {
  try {
    return { type: "files", id, ok: true, answer: perform(action) };
  } catch (error) {
    return { type: "files", id, ok: false, message: (error as Error).message };
  }
}

function perform(action: FileAction): FileAnswers[keyof FileAnswers] {
  switch (action.kind) {
    case "import":
      return action.files.map(put);
    case "list":
      return memory.list(paths.resolve(action.folder));
    case "export":
      return action.paths.map((path) => ({ path, bytes: memory.bytesOf(path).slice() }));
    default:
      return action satisfies never;
  }
}

function put({ path, bytes }: PageFile): string {
  const place = paths.resolve(FOLDER, path);
  memory.makeFolder(paths.dirname(place));
  memory.write(place, bytes);
  return place;
}
