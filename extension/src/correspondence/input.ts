import { patchAt, type GridPlacement, type Side } from "fovea/protocol";
import type { Pane } from "../panes";
import { listenKeys } from "../parts/keys";
import { actionOf, type Action } from "./keyboard";
import { otherSide } from "./query";
import { addPin, snap, type ViewState } from "./state";

/** What pointer and keyboard act on. */
export interface InputTarget {
  stage: HTMLElement;
  panes: readonly [Pane, Pane];
  state(): ViewState;
  placement(side: Side): GridPlacement;
  update(state: ViewState): void;
  act(action: Action): void;
  /** Which device spoke last: a screen reader must not read every patch that the pointer crosses. */
  used(device: "pointer" | "keyboard"): void;
}

/** Listens to pointer and keyboard until `signal` aborts. */
export function listenInput(target: InputTarget, signal: AbortSignal): void {
  const { stage, panes } = target;
  for (const side of [0, 1] as const) {
    const { canvas } = panes[side];
    canvas.addEventListener("pointermove", (event) => onPointer(target, side, event), { signal });
    canvas.addEventListener("pointerleave", () => onLeave(target), { signal });
    canvas.addEventListener("click", (event) => onClick(target, side, event), { signal });
  }
  listenKeys(stage, actionOf, (action) => onKey(target, action), signal);
  stage.addEventListener("keyup", (event) => event.key === "h" && showHeat(target), { signal });
  stage.addEventListener("blur", () => showHeat(target), { signal });
}

function onKey(target: InputTarget, action: Action): void {
  target.used("keyboard");
  target.act(action);
}

function showHeat(target: InputTarget): void {
  const state = target.state();
  if (state.hideHeat) target.update({ ...state, hideHeat: false });
}

function onPointer(target: InputTarget, side: Side, event: PointerEvent): void {
  target.used("pointer");
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
  target.stage.focus({ preventScroll: true });
  if (side !== querySide(state, event) || patchAt(placement, point) === undefined) return;
  target.update(addPin(state, { side, point: snap(placement, point) }, event.shiftKey));
}

/** The image that a pointer event queries: Alt turns it round. */
function querySide(state: ViewState, event: MouseEvent): Side {
  const side: Side = state.reverse ? 1 : 0;
  return event.altKey ? otherSide(side) : side;
}
