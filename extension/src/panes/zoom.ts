import { clamp, reading, type Point, type Reader } from "fovea/protocol";

/** Part of an image that a pane shows: everything at zoom 1. `left` and `top` are fractions of the image. */
export interface ZoomWindow {
  zoom: number;
  left: number;
  top: number;
}

export const WHOLE: ZoomWindow = { zoom: 1, left: 0, top: 0 };
const MOST_ZOOM = 16;

/** Magnifies about a point, a fraction of the image, that stays where it is on the screen. */
export function zoomed({ zoom, left, top }: ZoomWindow, factor: number, [x, y]: Point): ZoomWindow {
  const next = clamp(zoom * factor, 1, MOST_ZOOM);
  return inside({ zoom: next, left: x - ((x - left) * zoom) / next, top: y - ((y - top) * zoom) / next });
}

/** Moves the window by fractions of what it shows. */
export function moved({ zoom, left, top }: ZoomWindow, [dx, dy]: Point): ZoomWindow {
  return inside({ zoom, left: left + dx / zoom, top: top + dy / zoom });
}

/** Moves the window as little as brings a point, a fraction of the image, into it. */
export function showing({ zoom, left, top }: ZoomWindow, [x, y]: Point): ZoomWindow {
  const size = 1 / zoom;
  const margin = size / 8;
  const follow = (from: number, at: number): number => clamp(from, at - size + margin, at - margin);
  return inside({ zoom, left: follow(left, x), top: follow(top, y) });
}

function inside({ zoom, left, top }: ZoomWindow): ZoomWindow {
  const most = 1 - 1 / zoom;
  return { zoom, left: clamp(left, 0, most), top: clamp(top, 0, most) };
}

const fields = reading.object<ZoomWindow>({
  zoom: reading.number({ min: 1, max: MOST_ZOOM }),
  left: reading.number({ min: 0, max: 1 }),
  top: reading.number({ min: 0, max: 1 }),
});

/** Reads the part of an image that a link shows. */
export const zoomWindow: Reader<ZoomWindow> = (value, path, where) => inside(fields(value, path, where));
