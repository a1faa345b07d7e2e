import { ARROWS, isShortcut, type Key } from "../parts/keys";

/** What a key or button asks of the viewer. */
export type TrainingAction =
  | { type: "cursor" | "chart" | "evaluation"; by: number }
  | { type: "pause" | "stop" | "run" | "log" | "smooth" | "table" | "help" | "clear" };

const PLAIN: Record<string, TrainingAction | undefined> = {
  Home: { type: "cursor", by: -Infinity },
  End: { type: "cursor", by: Infinity },
  "[": { type: "chart", by: -1 },
  "]": { type: "chart", by: 1 },
  ",": { type: "evaluation", by: -1 },
  ".": { type: "evaluation", by: 1 },
  p: { type: "pause" },
  r: { type: "run" },
  l: { type: "log" },
  s: { type: "smooth" },
  t: { type: "table" },
  Escape: { type: "clear" },
  "?": { type: "help" },
};

const FAR = 10;

/** The action of a key, or `undefined`: the key is not ours and goes on to JupyterLab. */
export function trainingAction(event: Key): TrainingAction | undefined {
  if (isShortcut(event)) return undefined;
  const arrow = ARROWS[event.key];
  if (arrow) return arrow[0] ? { type: "cursor", by: arrow[0] * (event.shiftKey ? FAR : 1) } : undefined;
  return PLAIN[event.key];
}
