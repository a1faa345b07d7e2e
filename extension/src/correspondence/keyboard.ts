/** What a key asks of the viewer. */
export type Action =
  | { type: "move"; dx: number; dy: number }
  | { type: "layer"; by: number }
  | { type: "pin" | "remove" | "clear" | "grid" | "reverse" | "help" | "hide" };

interface Key {
  key: string;
  shiftKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

const ARROWS: Record<string, [dx: number, dy: number] | undefined> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

const PLAIN: Record<string, Action | undefined> = {
  Enter: { type: "pin" },
  Delete: { type: "remove" },
  Backspace: { type: "remove" },
  Escape: { type: "clear" },
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
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  const arrow = ARROWS[event.key];
  const step = event.shiftKey ? FAR : 1;
  if (arrow) return { type: "move", dx: arrow[0] * step, dy: arrow[1] * step };
  if (event.shiftKey && event.key === "Enter") return undefined;
  return PLAIN[event.key];
}
