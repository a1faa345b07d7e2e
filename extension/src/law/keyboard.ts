import { ARROWS, isShortcut, type Key } from "../parts/keys";

/** What a key asks of the viewer. */
export type LawAction =
  | { type: "move"; by: number }
  | { type: "benchmark"; by: number }
  | { type: "select" | "clear" | "degree" | "leave-one-out" | "residuals" | "table" | "help" };

const PLAIN: Record<string, LawAction | undefined> = {
  Enter: { type: "select" },
  Escape: { type: "clear" },
  "[": { type: "benchmark", by: -1 },
  "]": { type: "benchmark", by: 1 },
  d: { type: "degree" },
  l: { type: "leave-one-out" },
  r: { type: "residuals" },
  t: { type: "table" },
  "?": { type: "help" },
};

const FAR = 5;

/** The action of a key, or `undefined`: the key is not ours and goes on to JupyterLab. */
export function lawAction(event: Key): LawAction | undefined {
  if (isShortcut(event)) return undefined;
  const arrow = ARROWS[event.key];
  if (arrow) return { type: "move", by: (arrow[0] + arrow[1]) * (event.shiftKey ? FAR : 1) };
  return PLAIN[event.key];
}
