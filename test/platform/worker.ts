/** Worker of the test page: draws a scene, runs a cell. */
import * as fovea from "../../kernel/index.ts";
import { sha256 } from "../../kernel/platform/index.ts";
import { Session } from "../../kernel/session/session.ts";
import type { FromSession } from "../../kernel/jupyter/ipc.ts";
import { memory } from "./memory-platform.ts";
import { bundled } from "./worker-session.ts";

export type Question = { files: Record<string, string> } | { draw: number } | { run: string };

interface WorkerScope {
  onmessage: (event: { data: Question }) => void;
  postMessage(answer: unknown): void;
}
const scope = globalThis as unknown as WorkerScope;

let session: Session | undefined;
let count = 0;

function draw(seed: number): { rgb: string; sha256: string } {
  const { data } = fovea.data.world.render(fovea.data.world.scene(seed));
  return { rgb: Array.from(data).join(), sha256: sha256().update(data).digest("hex") };
}

/** Everything that a cell sends, until it is done. */
function run(code: string): Promise<FromSession[]> {
  const messages: FromSession[] = [];
  return new Promise((resolve) => {
    listener = (message) => {
      messages.push(message);
      if (message.type === "done") resolve(messages);
    };
    const parent = {
      msg_id: `cell-${++count}`,
      msg_type: "execute_request",
      session: "",
      username: "",
      date: "",
      version: "",
    };
    const command = { parent, code, executionCount: count, silent: false, userExpressions: {}, allowStdin: false };
    session?.receive({ type: "execute", ...command });
  });
}

let listener: (message: FromSession) => void = () => undefined;

function start(files: Record<string, string>): string {
  for (const [path, text] of Object.entries(files)) memory.set(path, text);
  bundled.set("fovea", fovea);
  session = new Session(
    (message) => listener(message),
    () => {
      throw new Error("the session is unusable");
    },
  );
  return "started";
}

async function answer(question: Question): Promise<unknown> {
  if ("files" in question) return start(question.files);
  return "draw" in question ? draw(question.draw) : run(question.run);
}

scope.onmessage = ({ data }) => {
  void answer(data)
    .catch((error: unknown) => ({ failed: String(error instanceof Error ? error.stack : error) }))
    .then((answered) => scope.postMessage(answered));
};
