import { ARROWS, isShortcut, type Key } from "../parts/keys";

/** What a key asks of the viewer. */
export type AlignmentAction =
  | { type: "move"; dx: number; dy: number }
  | { type: "token"; by: number }
  | { type: "best-patch" | "best-token" | "reset" | "normalize" | "hide" | "table" | "help" };

const PLAIN: Record<string, AlignmentAction | undefined> = {
  "[": { type: "token", by: -1 },
  "]": { type: "token", by: 1 },
  Enter: { type: "best-patch" },
  b: { type: "best-token" },
  n: { type: "normalize" },
  h: { type: "hide" },
  t: { type: "table" },
  Escape: { type: "reset" },
  "?": { type: "help" },
};

const FAR = 5;

/** The action of a key, or `undefined`: the key is not ours and goes on to JupyterLab. */
export function alignmentAction(event: Key): AlignmentAction | undefined {
  if (isShortcut(event)) return undefined;
  const arrow = ARROWS[event.key];
  const step = event.shiftKey ? FAR : 1;
  if (arrow) return { type: "move", dx: arrow[0] * step, dy: arrow[1] * step };
  return PLAIN[event.key];
}
