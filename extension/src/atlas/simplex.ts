import { clamp, type Point, simplexCorners, simplexPoint, simplexWeights } from "fovea/protocol";
import { element } from "../dom";

/** Content of the simplex. */
export interface SimplexDrawing {
  experts: readonly string[];
  closed: readonly boolean[];
  /** Weights of other pictures, one row each. */
  others: readonly number[];
  /** Weights of the picture's router. */
  own: readonly number[];
  /** Weights on screen. */
  weights: readonly number[];
  /** Expert that the keys change. */
  expert: number;
}

const [ROOM, SIDE] = [64, 200];

/** The router as a point between stem and teachers, with other pictures' behind; dragging sets weights by hand. */
export class SimplexPane {
  readonly canvas: HTMLCanvasElement = element("canvas", { class: "jp-FoveaAtlas-simplex" });

  constructor(
    private readonly experts: number,
    onMove: (weights: number[]) => void,
    signal: AbortSignal,
  ) {
    const { canvas } = this;
    const move = (event: PointerEvent): void => onMove(simplexWeights(this.pointAt(event), this.experts));
    canvas.addEventListener(
      "pointerdown",
      (event) => {
        canvas.setPointerCapture(event.pointerId);
        move(event);
      },
      { signal },
    );
    canvas.addEventListener("pointermove", (event) => canvas.hasPointerCapture(event.pointerId) && move(event), {
      signal,
    });
  }

  draw({ experts, closed, others, own, weights, expert }: SimplexDrawing): void {
    const { canvas } = this;
    const unit = window.devicePixelRatio;
    const side = SIDE + 2 * ROOM;
    canvas.width = canvas.height = Math.round(side * unit);
    const context = canvas.getContext("2d");
    if (!context) return;
    context.scale(unit, unit);
    const ink = getComputedStyle(canvas).color;
    const corners = simplexCorners(experts.length).map(onCanvas);
    context.strokeStyle = context.fillStyle = ink;
    context.beginPath();
    for (const [x, y] of corners) context.lineTo(x, y);
    context.closePath();
    context.stroke();
    context.globalAlpha = 0.45;
    for (let i = 0; i < others.length; i += experts.length)
      disc(context, onCanvas(simplexPoint(others.slice(i, i + experts.length))), 2);
    context.globalAlpha = 1;
    corners.forEach((corner, e) => nameCorner(context, corner, experts[e], closed[e], e === expert));
    const [x, y] = onCanvas(simplexPoint(own));
    context.strokeRect(x - 6, y - 6, 12, 12);
    const at = onCanvas(simplexPoint(weights));
    context.fillStyle = "#111";
    disc(context, at, 8);
    context.fillStyle = "#fff";
    disc(context, at, 6);
    context.fillStyle = "#111";
    disc(context, at, 3);
  }

  private pointAt(event: MouseEvent): Point {
    const box = this.canvas.getBoundingClientRect();
    const along = (at: number, length: number): number => ((at / length) * (SIDE + 2 * ROOM) - ROOM) / SIDE;
    return [along(event.clientX - box.left, box.width), along(event.clientY - box.top, box.height)];
  }
}

const onCanvas = ([x, y]: Point): Point => [ROOM + x * SIDE, ROOM + y * SIDE];

function disc(context: CanvasRenderingContext2D, [x, y]: Point, radius: number): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

function nameCorner(
  context: CanvasRenderingContext2D,
  [x, y]: Point,
  name: string,
  isClosed: boolean,
  isChosen: boolean,
): void {
  context.font = `${isChosen ? "bold " : ""}12px sans-serif`;
  context.textAlign = "center";
  const text = isClosed ? `${name} ×` : name;
  const middle = ROOM + SIDE / 2;
  const half = context.measureText(text).width / 2;
  const isBeside = Math.abs(x - middle) > SIDE / 4;
  const at = isBeside ? x + Math.sign(x - middle) * (half + 6) : x;
  const left = clamp(at, half + 2, 2 * middle - half - 2);
  context.fillText(text, left, isBeside ? y + 4 : y < middle ? y - 10 : y + 20);
}
