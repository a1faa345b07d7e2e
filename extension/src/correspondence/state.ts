import {
  movedPatch,
  patchAt,
  patchCenter,
  type ColorMapName,
  type CorrespondencePayload,
  type GridPlacement,
  type ImageIndex,
  type Point,
  type ScaleMode,
  type Similarity,
  COLOR_MAPS,
  reading,
  SIMILARITIES,
  type Reader,
} from "fovea/protocol";
import { flag, position, share, type LinkFields } from "../frame/link";
import { showing, WHOLE, zoomWindow, type ZoomWindow } from "../panes";

/** A point asked about: on the source (0) or, in reverse, on a target. In image pixels, so it outlives a layer. */
export interface Query {
  side: ImageIndex;
  point: Point;
  /** A class or register token of the image that is asked in place of the point, from 0. */
  token?: number;
}

/** The picture below everything: the image, or the principal components of its features as colors. */
export type Base = "image" | "components";

/** Everything that the picture depends on, besides the payload and the features. */
export interface ViewState {
  layer: number;
  similarity: Similarity;
  temperature: number;
  scale: ScaleMode;
  colormap: ColorMapName;
  opacity: number;
  grid: boolean;
  /** The target that the words speak of, and that is asked in reverse. */
  target: ImageIndex;
  /** Pointer and arrows query the target. */
  reverse: boolean;
  /** The target stands on the left. */
  swapped: boolean;
  base: Base;
  /** The query at every layer, as a strip of small pictures. */
  strip: boolean;
  /** The part of every image that is shown. */
  shown: ZoomWindow;
  /** Held key: show the bare images. */
  hideHeat: boolean;
  /** Cursor that the arrow keys move. */
  cursor: Query;
  /** The patch under the pointer on the query's image. */
  hover?: Query;
  /** The patch under the pointer on the image with the heat-map: its value is read out. */
  probe?: Query;
  pins: Query[];
  /** Position in `pins` of the one shown when nothing is hovered; -1 shows the cursor. */
  selected: number;
}

/** Pins that a link holds at most. */
const MOST_PINS = 64;

/** A query within the pictures of a view. */
function queryWithin(images: CorrespondencePayload["images"]): Reader<Query> {
  const side = position(images.length);
  const pointOf = images.map(({ width, height }): Reader<Point> => {
    const [x, y] = [width, height].map((max) => reading.number({ min: 0, max }));
    return (value, path, where) => {
      const [left, top] = reading.pair((one: unknown) => one)(value, path, where);
      return [x(left, `${path}[0]`, where), y(top, `${path}[1]`, where)];
    };
  });
  const sideOf = reading.object<{ side: ImageIndex }>({ side });
  return (value, path, where) => {
    const query = sideOf(value, path, where);
    return { ...query, point: pointOf[query.side]((value as { point?: unknown }).point, `${path}.point`, where) };
  };
}

/** The choices that a link holds. */
export function linkFields({ layers, images }: CorrespondencePayload): LinkFields<ViewState> {
  const query = queryWithin(images);
  return {
    layer: position(layers.length),
    similarity: reading.oneOf(SIMILARITIES),
    temperature: reading.number({ min: 1e-4, max: 100 }),
    scale: reading.oneOf<ScaleMode>(["absolute", "view"]),
    colormap: reading.oneOf(COLOR_MAPS),
    opacity: share,
    grid: flag,
    target: reading.number({ min: 1, max: images.length - 1, integer: true }),
    reverse: flag,
    swapped: flag,
    base: reading.oneOf<Base>(["image", "components"]),
    strip: flag,
    shown: zoomWindow,
    cursor: query,
    pins: reading.list(query, 0, MOST_PINS),
    selected: reading.number({ min: -1, max: MOST_PINS, integer: true }),
  };
}

/** The state a payload opens with: its first pin, else its first keypoint, else the middle of the image. */
export function initialState(payload: CorrespondencePayload): ViewState {
  const placements = payload.layers[payload.current].placements;
  const pins = payload.pins.map(({ side, patch }) => ({ side, point: patchCenter(placements[side], patch) }));
  return {
    layer: payload.current,
    similarity: payload.similarity,
    temperature: payload.temperature,
    scale: payload.scale,
    colormap: payload.colormap,
    opacity: payload.opacity,
    grid: false,
    target: 1,
    reverse: false,
    swapped: false,
    base: "image",
    strip: isCompared(payload),
    shown: WHOLE,
    hideHeat: false,
    cursor: { side: 0, point: startPoint(payload, placements[0]) },
    pins,
    selected: pins.length - 1,
  };
}

/** Tests for a view that sets encoders or facets side by side. */
function isCompared({ layers }: CorrespondencePayload): boolean {
  return layers.some(({ encoder = 0, facet = "token" }) => encoder !== 0 || facet !== (layers[0].facet ?? "token"));
}

function startPoint(payload: CorrespondencePayload, placement: GridPlacement): Point {
  const inside = payload.groundTruth?.source.find((point) => patchAt(placement, point) !== undefined);
  const [left, top, right, bottom] = placement.region;
  return snap(placement, inside ?? [(left + right) / 2, (top + bottom) / 2]);
}

/** The centre of the patch under a point. */
export function snap(placement: GridPlacement, point: Point): Point {
  const patch = patchAt(placement, point);
  return patch === undefined ? point : patchCenter(placement, patch);
}

/** Returns the query that the heat-map answers: the hovered patch, else the selected pin, else the cursor. */
export function activeQuery(state: ViewState): Query {
  return state.hover ?? state.pins[state.selected] ?? state.cursor;
}

/** Moves the cursor by whole patches, staying on the grid, and shows its query. */
export function moveCursor(state: ViewState, placement: GridPlacement, dx: number, dy: number): ViewState {
  const [rows, columns] = placement.grid;
  const at = patchAt(placement, state.cursor.point) ?? Math.floor((rows * columns) / 2);
  const point = patchCenter(placement, movedPatch(placement.grid, at, dx, dy));
  const cursor = { side: state.cursor.side, point };
  return { ...state, cursor, hover: undefined, probe: undefined, selected: -1 };
}

/** Moves the window of all images so that the cursor is in it. */
export function followCursor(state: ViewState, { images }: CorrespondencePayload): ViewState {
  const { side, point } = state.cursor;
  const { width, height } = images[side];
  return { ...state, shown: showing(state.shown, [point[0] / width, point[1] / height]) };
}

/** The next of the image's tokens as the query, and after the last one its patch again. */
export function nextToken(state: ViewState, tokens: number): ViewState {
  const { token = -1, ...cursor } = state.cursor;
  const next = token + 1;
  return {
    ...state,
    cursor: next < tokens ? { ...cursor, token: next } : cursor,
    hover: undefined,
    probe: undefined,
    selected: -1,
  };
}

/** Speaks of another target; a cursor on the one before goes along. */
export function chooseTarget(state: ViewState, target: ImageIndex, placements: readonly GridPlacement[]): ViewState {
  if (target === state.target) return state;
  const cursor = state.cursor.side === 0 ? state.cursor : middleOf(placements, target);
  return { ...state, target, cursor };
}

/** Adds a pin, or replaces all pins by it. A pin on the same patch is selected instead of doubled. */
export function addPin(state: ViewState, query: Query, keep: boolean): ViewState {
  const pins = keep ? state.pins : [];
  const same = pins.findIndex((pin) => pin.side === query.side && samePoint(pin.point, query.point));
  if (query.token !== undefined) return state;
  if (same >= 0) return { ...state, selected: same, cursor: query };
  return { ...state, pins: [...pins, query], selected: pins.length, cursor: query };
}

function samePoint(a: Point, b: Point): boolean {
  return a[0] === b[0] && a[1] === b[1];
}

/** Removes the selected pin, or the last one. */
export function removePin(state: ViewState): ViewState {
  const target = state.selected >= 0 ? state.selected : state.pins.length - 1;
  const pins = state.pins.filter((_, i) => i !== target);
  return { ...state, pins, selected: pins.length - 1, hover: undefined };
}

export function clearPins(state: ViewState): ViewState {
  return { ...state, pins: [], selected: -1, hover: undefined, probe: undefined };
}

/** Turns the direction of queries round; the cursor goes to the middle of the other image. */
export function turnRound(state: ViewState, placements: readonly GridPlacement[]): ViewState {
  const side = state.reverse ? 0 : state.target;
  return {
    ...state,
    reverse: !state.reverse,
    cursor: middleOf(placements, side),
    hover: undefined,
    probe: undefined,
    selected: -1,
  };
}

/** Exchanges the sides of source and target; queries begin on the left. */
export function swapSides(state: ViewState, placements: readonly GridPlacement[]): ViewState {
  const swapped = !state.swapped;
  return { ...(state.reverse === swapped ? state : turnRound(state, placements)), swapped };
}

function middleOf(placements: readonly GridPlacement[], side: ImageIndex): Query {
  const [left, top, right, bottom] = placements[side].region;
  return { side, point: snap(placements[side], [(left + right) / 2, (top + bottom) / 2]) };
}
