import { patchAt, type GridPlacement, type Side } from "fovea/protocol";
import type { Pane } from "../panes";
import { otherSide } from "./query";
import { addPin, snap, type ViewState } from "./state";

/** The part of the viewer that the pointer acts on. */
export interface InputTarget {
  panes: readonly [Pane, Pane];
  state(): ViewState;
  placement(side: Side): GridPlacement;
  update(state: ViewState): void;
  /** Gives the keys to the stage. */
  focus(): void;
  /** The pointer spoke: a screen reader must not read every patch that it crosses. */
  used(): void;
}

/** Listens to the pointer until `signal` aborts. */
export function listenInput(target: InputTarget, signal: AbortSignal): void {
  const { panes } = target;
  for (const side of [0, 1] as const) {
    const { canvas } = panes[side];
    canvas.addEventListener("pointermove", (event) => onPointer(target, side, event), { signal });
    canvas.addEventListener("pointerleave", () => onLeave(target), { signal });
    canvas.addEventListener("click", (event) => onClick(target, side, event), { signal });
  }
}

function onPointer(target: InputTarget, side: Side, event: PointerEvent): void {
  target.used();
  const state = target.state();
  const placement = target.placement(side);
  const point = target.panes[side].pointAt(event);
  const query = patchAt(placement, point) === undefined ? undefined : { side, point: snap(placement, point) };
  const asks = side === querySide(state, event);
  target.update({ ...state, hover: asks ? query : undefined, probe: asks ? undefined : query });
}

function onLeave(target: InputTarget): void {
  target.update({ ...target.state(), hover: undefined, probe: undefined });
}

function onClick(target: InputTarget, side: Side, event: MouseEvent): void {
  const state = target.state();
  const placement = target.placement(side);
  const point = target.panes[side].pointAt(event);
  target.focus();
  if (side !== querySide(state, event) || patchAt(placement, point) === undefined) return;
  target.update(addPin(state, { side, point: snap(placement, point) }, event.shiftKey));
}

/** The image that a pointer event queries: Alt turns it round. */
function querySide(state: ViewState, event: MouseEvent): Side {
  const side: Side = state.reverse ? 1 : 0;
  return event.altKey ? otherSide(side) : side;
}
