import { clamp } from "../../numeric";
import type { Point } from "../core/geometry";

/** Pixels of a panel's axes and the range of each: what turns coordinates into pixels. */
export interface PanelScale {
  width: number;
  height: number;
  x: readonly [number, number];
  y: readonly [number, number];
}

type Pixel = [x: number, y: number];

const STEPS = 300;
/** The angle between the directions into which points of one place go (the golden angle, in radians). */
const TURN = 2.399963;
/** Share of the way back to its point that a marker goes in each step. */
const PULL = 0.02;
/** Share of a diameter up to which markers may overlap: their numbers can still be read. */
const READABLE = 0.8;
/** Pixels that stay free around the exact place of a marker that stands aside, and between markers. */
const FREE = 4;

function toPixels([x, y]: Point, { width, height, x: [left, right], y: [bottom, top] }: PanelScale): Pixel {
  return [((x - left) / (right - left || 1)) * width, ((y - bottom) / (top - bottom || 1)) * height];
}

function fromPixels([x, y]: Point, { width, height, x: [left, right], y: [bottom, top] }: PanelScale): Point {
  return [left + (x / width) * (right - left), bottom + (y / height) * (top - bottom)];
}

/**
 * Places for markers so that the number of each can be read: those that lie on others stand aside, all of them off the exact places of
 * all, so that these can be shown; the others stay. The same points always give the same places.
 *
 * @param diameter of a marker, in pixels
 */
export function spreadMarkers(points: readonly Point[], scale: PanelScale, diameter: number): Point[] {
  const own = points.map((point) => toPixels(point, scale));
  const moves = neighborsOf(points, scale, READABLE * diameter).map((near) => near.length > 0);
  const places = own.map((at, i): Pixel => (moves[i] ? inside(beside(own, i, diameter), scale, diameter / 2) : at));
  for (let step = 0; step < STEPS; step++) {
    const rests = !pushApart(places, own, moves, diameter);
    if (rests && step > 0) break;
    const settle = (at: Pixel, i: number): Pixel =>
      inside(toward(at, own[i], PULL * (1 - step / STEPS)), scale, diameter / 2);
    places.forEach((at, i) => moves[i] && (places[i] = settle(at, i)));
  }
  return places.map((place, i) => (moves[i] ? fromPixels(place, scale) : points[i]));
}

/** A first place: away from the middle of the points around. */
function beside(own: readonly Pixel[], i: number, diameter: number): Pixel {
  const [x, y] = own[i];
  const near = own.filter(([ox, oy]) => Math.hypot(ox - x, oy - y) < 2 * diameter);
  const middle = [0, 1].map((axis) => near.reduce((sum, point) => sum + point[axis], 0) / near.length);
  const [dx, dy] = [x - middle[0], y - middle[1]];
  const angle = Math.hypot(dx, dy) > 0.5 ? Math.atan2(dy, dx) : i * TURN;
  return [x + diameter * Math.cos(angle), y + diameter * Math.sin(angle)];
}

function toward([x, y]: Pixel, [toX, toY]: Pixel, share: number): Pixel {
  return [x + share * (toX - x), y + share * (toY - y)];
}

/** Pushes moving markers off the others, and off the exact places of all that move. Returns whether any was too near. */
function pushApart(places: Pixel[], own: readonly Pixel[], moves: readonly boolean[], diameter: number): boolean {
  let touched = false;
  const push = (i: number, from: Pixel, least: number, share: number, turn: number): void => {
    const [dx, dy] = [places[i][0] - from[0], places[i][1] - from[1]];
    const distance = Math.hypot(dx, dy);
    if (distance >= least - 0.5) return;
    touched = true;
    const angle = distance > 1e-6 ? Math.atan2(dy, dx) : turn * TURN;
    const by = share * (least - distance);
    places[i] = [places[i][0] + by * Math.cos(angle), places[i][1] + by * Math.sin(angle)];
  };
  for (let i = 0; i < places.length; i++)
    for (let j = 0; moves[i] && j < places.length; j++) {
      if (i !== j) push(i, places[j], diameter + FREE, moves[j] ? 0.5 : 1, i);
      if (moves[j]) push(i, own[j], diameter / 2 + FREE, 1, i);
    }
  return touched;
}

function inside([x, y]: Pixel, { width, height }: PanelScale, margin: number): Pixel {
  const within = (value: number, length: number): number => clamp(value, margin, length - margin);
  return [within(x, width), within(y, height)];
}

/** Positions of the points that lie within so many pixels of each point, itself left out. */
export function neighborsOf(points: readonly Point[], scale: PanelScale, reach: number): number[][] {
  const pixels = points.map((point) => toPixels(point, scale));
  return pixels.map(([x, y], i) =>
    pixels.flatMap(([otherX, otherY], j) => (j !== i && Math.hypot(x - otherX, y - otherY) < reach ? [j] : [])),
  );
}
