import { type Box, movedBox, type Point, type SavedImage } from "fovea/protocol";
import type { Pane } from "../panes";

/** Distance from a corner, in CSS pixels, within which a drag takes it. */
const REACH = 12;
/** Shorter drags, in pixels of the page, draw no box. */
const LEAST = 4;

/** The corner of a box by its edges among left, top, right, bottom. */
type Corner = readonly [x: 0 | 2, y: 1 | 3];
const CORNERS: readonly Corner[] = [
  [0, 1],
  [2, 1],
  [2, 3],
  [0, 3],
];

/** Action of a drag that begins at a point. */
type Grip = { kind: "corner"; corner: Corner } | { kind: "move" } | { kind: "draw" };

function gripAt(box: Box, [x, y]: Point, reach: number): Grip {
  const corner = CORNERS.find(([i, j]) => Math.hypot(x - box[i], y - box[j]) <= reach);
  if (corner) return { kind: "corner", corner };
  const isInside = x > box[0] && x < box[2] && y > box[1] && y < box[3];
  return { kind: isInside ? "move" : "draw" };
}

const CURSORS: Readonly<Record<Grip["kind"], string>> = { corner: "nwse-resize", move: "move", draw: "crosshair" };

/** The box that a drag from one point to another makes. */
function dragged(grip: Grip, box: Box, from: Point, to: Point, size: SavedImage): Box {
  if (grip.kind === "draw") return [from[0], from[1], to[0], to[1]];
  if (grip.kind === "move") return movedBox(box, [to[0] - from[0], to[1] - from[1]], size);
  const moved = [...box];
  moved[grip.corner[0]] = to[0];
  moved[grip.corner[1]] = to[1];
  return moved as unknown as Box;
}

export interface DragEvents {
  /** The box on screen. */
  box(): Box | undefined;
  draw(box: Box): void;
}

/** Lets a pointer draw, move and resize the box on a picture. */
export function listenDrag(pane: Pane, size: SavedImage, events: DragEvents, signal: AbortSignal): void {
  const { canvas } = pane;
  let drag: { grip: Grip; box: Box; from: Point; start: Point } | undefined;
  const reach = (): number => (REACH * size.width) / (canvas.getBoundingClientRect().width || 1);
  canvas.addEventListener(
    "pointerdown",
    (event) => {
      const box = events.box();
      if (!box || event.button !== 0) return;
      const from = pane.pointAt(event);
      drag = { grip: gripAt(box, from, reach()), box, from, start: [event.clientX, event.clientY] };
      canvas.setPointerCapture(event.pointerId);
    },
    { signal },
  );
  canvas.addEventListener(
    "pointermove",
    (event) => {
      const box = events.box();
      if (!drag) {
        if (box) canvas.style.cursor = CURSORS[gripAt(box, pane.pointAt(event), reach()).kind];
        return;
      }
      const { grip, from, start } = drag;
      const isShort = Math.hypot(event.clientX - start[0], event.clientY - start[1]) < LEAST;
      if (!isShort || grip.kind !== "draw") events.draw(dragged(grip, drag.box, from, pane.pointAt(event), size));
    },
    { signal },
  );
  for (const name of ["pointerup", "pointercancel"] as const)
    canvas.addEventListener(name, () => (drag = undefined), { signal });
}
