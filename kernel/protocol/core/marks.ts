import { DARK, LIGHT, SERIES, cssColor } from "./figure";
import type { Box, Point } from "./geometry";
import type { MarkContext } from "./pen";
import type { BoxLook, Mark } from "./scene";

/** Image pixels to canvas pixels, and the size of a CSS pixel. */
export interface MarkFrame {
  scale: number;
  pixel: number;
}

type Context = MarkContext;

/** Number and shape say the same as the colour. */
const PIN_COLORS = SERIES.map((color) => cssColor(color));
const DARK_TEXT_FROM = 3;
const PIN_RADIUS = 9;

/** Returns the mark of a box. */
export function boxMark([left, top, right, bottom]: Box, look: BoxLook, label: string, strong: boolean): Mark {
  const at: Point = [(left + right) / 2, (top + bottom) / 2];
  return { kind: "box", at, size: [right - left, bottom - top], look, label, strong };
}

/** Draws one mark in two tones, a dark line under a light one, so that it stands out on any image. */
export function drawMark(context: Context, mark: Mark, frame: MarkFrame): void {
  const at: Point = [mark.at[0] * frame.scale, mark.at[1] * frame.scale];
  switch (mark.kind) {
    case "keypoint":
      return dot(context, at, 2.5, frame);
    case "patch":
      return patch(context, at, mark, frame);
    case "box":
      return box(context, at, mark, frame);
    case "runner-up":
      return diamond(context, at, 6.5 - 0.6 * mark.rank, frame);
    case "best":
      return crosshair(context, at, mark.mutual, frame);
    case "truth":
      return truth(context, at, mark, frame);
    case "pin":
      return pin(context, at, mark, frame);
    default:
      return mark satisfies never;
  }
}

function twoTone(context: Context, frame: MarkFrame, width: number, trace: () => void): void {
  for (const [color, extra] of [
    ["#111", 2.5],
    ["#fff", 0],
  ] as const) {
    context.beginPath();
    trace();
    context.strokeStyle = color;
    context.lineWidth = (width + extra) * frame.pixel;
    context.stroke();
  }
}

function dot(context: Context, [x, y]: Point, radius: number, frame: MarkFrame): void {
  twoTone(context, frame, 1.5, () => context.arc(x, y, radius * frame.pixel, 0, 2 * Math.PI));
}

/** Unlike the ring of a keypoint by its shape. */
function diamond(context: Context, [x, y]: Point, radius: number, frame: MarkFrame): void {
  const reach = radius * frame.pixel;
  twoTone(context, frame, 1.5, () => {
    context.moveTo(x, y - reach);
    context.lineTo(x + reach, y);
    context.lineTo(x, y + reach);
    context.lineTo(x - reach, y);
    context.closePath();
  });
}

function patch(context: Context, [x, y]: Point, mark: Extract<Mark, { kind: "patch" }>, frame: MarkFrame): void {
  const [width, height] = [mark.size[0] * frame.scale, mark.size[1] * frame.scale];
  if (mark.cursor) context.setLineDash([4 * frame.pixel, 3 * frame.pixel]);
  twoTone(context, frame, 1.5, () => context.rect(x - width / 2, y - height / 2, width, height));
  context.setLineDash([]);
}

/** Color, ink of the label and dashes of a box. */
const BOX_LOOKS: Readonly<Record<BoxLook, readonly [color: string, ink: string, dash: readonly number[]]>> = {
  first: [cssColor(SERIES[4]), cssColor(DARK), []],
  second: [cssColor(SERIES[5]), cssColor(DARK), [10, 5]],
  truth: [cssColor(LIGHT), cssColor(DARK), [3, 4]],
};
/** Height of a label and width of its letters, in CSS pixels. */
const [LABEL_HEIGHT, LETTER] = [16, 6.6];

type BoxMark = Extract<Mark, { kind: "box" }>;

/** A colored outline on a dark one, with a light one between them but for the truth, which is light itself. */
function box(context: Context, [x, y]: Point, mark: BoxMark, frame: MarkFrame): void {
  const { pixel } = frame;
  const [width, height] = [mark.size[0] * frame.scale, mark.size[1] * frame.scale];
  const [left, top] = [x - width / 2, y - height / 2];
  const [color, , dash] = BOX_LOOKS[mark.look];
  const line = mark.strong ? 3 : 2;
  const between = mark.look === "truth" ? [] : [[cssColor(LIGHT), 1.5, []] as const];
  for (const [stroke, extra, dashes] of [[cssColor(DARK), 3, []] as const, ...between, [color, 0, dash] as const]) {
    context.beginPath();
    context.rect(left, top, width, height);
    context.strokeStyle = stroke;
    context.lineWidth = (line + extra) * pixel;
    context.setLineDash(dashes.map((length) => length * pixel));
    context.stroke();
  }
  context.setLineDash([]);
  if (mark.label) boxLabel(context, [left, top, height], mark, pixel);
}

/** A label on a plate at the upper left corner, of the second kind at the lower one: the boxes of both often lie on each other. */
function boxLabel(
  context: Context,
  [left, top, height]: readonly [number, number, number],
  { look, label }: BoxMark,
  pixel: number,
): void {
  const [color, ink] = BOX_LOOKS[look];
  const plate = (label.length * LETTER + 8) * pixel;
  // Above there may be no room; the picture's lower edge is not known here, so that the lower plate lies inside.
  const at = look === "second" ? top + height - LABEL_HEIGHT * pixel : Math.max(0, top - LABEL_HEIGHT * pixel);
  context.beginPath();
  context.rect(left, at, plate, LABEL_HEIGHT * pixel);
  context.fillStyle = color;
  context.fill();
  context.fillStyle = ink;
  context.font = `bold ${11 * pixel}px sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(label, left + plate / 2, at + (LABEL_HEIGHT / 2 + 0.5) * pixel);
}

/** A cross with an open middle; a mutual match also has a ring, so it is told by shape. */
function crosshair(context: Context, [x, y]: Point, mutual: boolean, frame: MarkFrame): void {
  const [inner, outer] = [4 * frame.pixel, 11 * frame.pixel];
  twoTone(context, frame, 2, () => {
    for (const [dx, dy] of [
      [1, 0],
      [-1, 0],
      [0, 1],
      [0, -1],
    ]) {
      context.moveTo(x + dx * inner, y + dy * inner);
      context.lineTo(x + dx * outer, y + dy * outer);
    }
  });
  if (mutual) twoTone(context, frame, 1.5, () => context.arc(x, y, 7 * frame.pixel, 0, 2 * Math.PI));
}

/** Error line from the match to the true point, and the circle within which a match counts. */
function truth(context: Context, [x, y]: Point, mark: Extract<Mark, { kind: "truth" }>, frame: MarkFrame): void {
  const [fx, fy] = [mark.from[0] * frame.scale, mark.from[1] * frame.scale];
  twoTone(context, frame, 1.5, () => {
    context.moveTo(fx, fy);
    context.lineTo(x, y);
  });
  if (!mark.correct) context.setLineDash([5 * frame.pixel, 4 * frame.pixel]);
  twoTone(context, frame, 1.5, () => context.arc(x, y, mark.radius * frame.scale, 0, 2 * Math.PI));
  context.setLineDash([]);
  dot(context, [x, y], 2.5, frame);
}

function pin(context: Context, [x, y]: Point, mark: Extract<Mark, { kind: "pin" }>, frame: MarkFrame): void {
  const color = (mark.number - 1) % PIN_COLORS.length;
  const radius = PIN_RADIUS * frame.pixel;
  tracePin(context, x, y, radius, mark.number);
  for (const [ink, width] of [
    ["#111", mark.selected ? 6.5 : 4.5],
    ["#fff", mark.selected ? 4 : 2],
  ] as const) {
    context.strokeStyle = ink;
    context.lineWidth = width * frame.pixel;
    context.stroke();
  }
  context.fillStyle = PIN_COLORS[color];
  context.fill();
  context.fillStyle = color < DARK_TEXT_FROM ? "#fff" : "#111";
  context.font = `bold ${11 * frame.pixel}px sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(String(mark.number), x, y + 0.5 * frame.pixel);
}

/** Corners of the shape of a pin's number; 0 is a circle. */
const CORNERS = [0, 4, 6, 3, 5];

function tracePin(context: Context, x: number, y: number, radius: number, number: number): void {
  const corners = CORNERS[(number - 1) % CORNERS.length];
  context.beginPath();
  if (corners === 0) return context.arc(x, y, radius, 0, 2 * Math.PI);
  const reach = radius * (corners === 3 ? 1.6 : 1.25);
  const turn = corners === 4 ? Math.PI / 4 : -Math.PI / 2;
  for (let i = 0; i < corners; i++) {
    const angle = turn + (2 * Math.PI * i) / corners;
    context.lineTo(x + reach * Math.cos(angle), y + reach * Math.sin(angle));
  }
  context.closePath();
}
