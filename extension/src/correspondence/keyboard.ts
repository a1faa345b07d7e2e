import { ARROWS, isShortcut, type Key } from "../parts/keys";

/** What a key asks of the viewer. */
export type Action =
  | { type: "move"; dx: number; dy: number }
  | { type: "layer"; by: number }
  | { type: "pin" | "remove" | "clear" | "grid" | "reverse" | "help" | "hide" | "close" };

const PLAIN: Record<string, Action | undefined> = {
  Enter: { type: "pin" },
  Delete: { type: "remove" },
  Backspace: { type: "remove" },
  Escape: { type: "close" },
  "[": { type: "layer", by: -1 },
  "]": { type: "layer", by: 1 },
  g: { type: "grid" },
  r: { type: "reverse" },
  h: { type: "hide" },
  "?": { type: "help" },
};

const FAR = 5;

/** The action of a key, or `undefined`: the key is not ours and goes on to JupyterLab, as Ctrl+S and Shift+Enter do. */
export function actionOf(event: Key): Action | undefined {
  if (isShortcut(event)) return undefined;
  const arrow = ARROWS[event.key];
  const step = event.shiftKey ? FAR : 1;
  if (arrow) return { type: "move", dx: arrow[0] * step, dy: arrow[1] * step };
  return PLAIN[event.key];
}
