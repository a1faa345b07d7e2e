import { patchAt, type GridPlacement, type ImageIndex } from "fovea/protocol";
import { moved, zoomed, type Pane } from "../panes";
import { addPin, chooseTarget, snap, type Query, type ViewState } from "./state";

/** The part of the viewer that the pointer acts on. */
export interface InputTarget {
  panes: readonly Pane[];
  state(): ViewState;
  placements(): readonly GridPlacement[];
  update(state: ViewState): void;
  /** Gives the keys to the stage. */
  focus(): void;
  /** The pointer spoke: a screen reader must not read every patch that it crosses. */
  used(): void;
}

/** Magnification of one notch of the wheel. */
const WHEEL = 1.25;
/** CSS pixels that a pointer may shake in a click. */
const SHAKE = 4;

/** Listens to the pointer until `signal` aborts. */
export function listenInput(target: InputTarget, signal: AbortSignal): void {
  target.panes.forEach(({ canvas }, side) => {
    canvas.addEventListener("pointermove", (event) => onPointer(target, side, event), { signal });
    canvas.addEventListener("pointerleave", () => onLeave(target), { signal });
    canvas.addEventListener("click", (event) => onClick(target, side, event), { signal });
    canvas.addEventListener("wheel", (event) => onWheel(target, side, event), { signal, passive: false });
    listenDrag(target, side, signal);
  });
}

/** Drags all images where one is magnified; the click at the end of a drag pins nothing. */
function listenDrag(target: InputTarget, side: ImageIndex, signal: AbortSignal): void {
  const { canvas } = target.panes[side];
  let from: [number, number] | undefined;
  let isDrag = false;
  canvas.addEventListener(
    "pointerdown",
    (event) => {
      from = target.state().shown.zoom > 1 ? [event.clientX, event.clientY] : undefined;
      isDrag = false;
    },
    { signal },
  );
  canvas.addEventListener(
    "pointermove",
    (event) => {
      if (!from || event.buttons !== 1) return;
      const [dx, dy] = [event.clientX - from[0], event.clientY - from[1]];
      if (!isDrag && Math.hypot(dx, dy) < SHAKE) return;
      isDrag = true;
      from = [event.clientX, event.clientY];
      const { width, height } = canvas.getBoundingClientRect();
      const state = target.state();
      target.update({ ...state, shown: moved(state.shown, [-dx / width, -dy / height]) });
    },
    { signal },
  );
  const stop = (event: Event): void => {
    if (isDrag) event.stopImmediatePropagation();
    isDrag = false;
    from = undefined;
  };
  canvas.addEventListener("click", stop, { signal, capture: true });
}

/** A plain wheel scrolls the notebook. */
function onWheel(target: InputTarget, side: ImageIndex, event: WheelEvent): void {
  if (!event.ctrlKey) return;
  event.preventDefault();
  const state = target.state();
  const { zoom, left, top } = state.shown;
  const [x, y] = target.panes[side].fractionAt(event);
  const shown = zoomed(state.shown, event.deltaY < 0 ? WHEEL : 1 / WHEEL, [left + x / zoom, top + y / zoom]);
  target.update({ ...state, shown });
}

function onPointer(target: InputTarget, side: ImageIndex, event: PointerEvent): void {
  target.used();
  const state = looked(target, side);
  const query = queryAt(target, side, event);
  const asks = isAsked(state, side, event);
  target.update({ ...state, hover: asks ? query : undefined, probe: asks ? undefined : query });
}

function onLeave(target: InputTarget): void {
  target.update({ ...target.state(), hover: undefined, probe: undefined });
}

function onClick(target: InputTarget, side: ImageIndex, event: MouseEvent): void {
  const state = looked(target, side);
  const query = queryAt(target, side, event);
  target.focus();
  if (!isAsked(state, side, event) || !query) return;
  target.update(addPin(state, query, event.shiftKey));
}

/** The state with the target under the pointer as the one that the words speak of. */
function looked(target: InputTarget, side: ImageIndex): ViewState {
  const state = target.state();
  return side === 0 ? state : chooseTarget(state, side, target.placements());
}

function queryAt(target: InputTarget, side: ImageIndex, event: MouseEvent): Query | undefined {
  const placement = target.placements()[side];
  const point = target.panes[side].pointAt(event);
  return patchAt(placement, point) === undefined ? undefined : { side, point: snap(placement, point) };
}

/** Tests for a pointer event that queries its image: Alt turns the direction round. */
function isAsked({ reverse }: ViewState, side: ImageIndex, event: MouseEvent): boolean {
  return (side !== 0) === (reverse !== event.altKey);
}
