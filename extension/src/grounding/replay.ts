import {
  type Box,
  clamp,
  cssColor,
  type GroundingPayload,
  type GroundingReplay,
  SERIES,
  truthOverlap,
} from "fovea/protocol";
import { element } from "../dom";
import { stepField } from "../parts/fields";
import type { Translate } from "../parts/translate";

/** Height of the chart and room for its labels, in CSS pixels. */
const [HEIGHT, LEFT, RIGHT, EDGE] = [120, 34, 150, 14];

interface Line {
  name: string;
  color: string;
  dash: readonly number[];
  values: readonly number[];
}

/** W_dt and the overlaps of both boxes by epoch, with a slider over the epochs. */
export class ReplayPane {
  readonly canvas: HTMLCanvasElement = element("canvas", {
    class: "jp-FoveaGrounding-chart",
    attributes: { "aria-hidden": "true" },
  });
  readonly node: HTMLElement;
  private readonly slider;
  private readonly lines: readonly Line[];

  constructor(
    private readonly trans: Translate,
    { replay }: GroundingPayload,
    onEpoch: (epoch: number) => void,
    signal: AbortSignal,
  ) {
    this.epochs = replay?.epochs.length ?? 0;
    this.lines = replay ? linesOf(trans, replay) : [];
    this.slider = stepField(trans.__("Epoch"), Math.max(1, this.epochs), onEpoch);
    const row = element("div", { class: "jp-FoveaView-controls" }, this.slider.node);
    this.node = element("div", { class: "jp-FoveaGrounding-replay" }, row, this.canvas);
    this.node.hidden = !replay;
    this.canvas.addEventListener("click", (event) => onEpoch(this.epochAt(event)), { signal });
  }

  draw(epoch: number | undefined): void {
    if (this.node.hidden) return;
    this.slider.control.value = String(epoch ?? this.epochs - 1);
    const at = (epoch ?? this.epochs - 1) + 1;
    this.slider.control.setAttribute("aria-valuetext", this.trans.__("epoch %1 of %2", at, this.epochs));
    const { canvas } = this;
    const context = canvas.getContext("2d");
    if (!context || canvas.clientWidth === 0) return;
    const unit = window.devicePixelRatio;
    canvas.width = Math.round(canvas.clientWidth * unit);
    canvas.height = Math.round(HEIGHT * unit);
    context.scale(unit, unit);
    context.font = "12px sans-serif";
    context.textBaseline = "middle";
    const ink = getComputedStyle(canvas).color;
    this.axes(context, ink);
    this.lines.forEach((line, i) => this.line(context, line, i, ink));
    if (epoch !== undefined) this.cursor(context, epoch, ink);
  }

  private axes(context: CanvasRenderingContext2D, ink: string): void {
    context.strokeStyle = context.fillStyle = ink;
    context.lineWidth = 1;
    context.textAlign = "right";
    for (const value of [0, 0.5, 1]) {
      context.globalAlpha = 0.35;
      context.beginPath();
      context.moveTo(LEFT, this.y(value));
      context.lineTo(this.right, this.y(value));
      context.stroke();
      context.globalAlpha = 1;
      context.fillText(String(value), LEFT - 6, this.y(value));
    }
  }

  /** A line between two tones, with its name at the right. */
  private line(context: CanvasRenderingContext2D, { name, color, dash, values }: Line, at: number, ink: string): void {
    const trace = (): void => {
      context.beginPath();
      if (values.length === 1) context.moveTo(LEFT, this.y(values[0]));
      values.forEach((value, epoch) => context.lineTo(this.x(epoch), this.y(value)));
    };
    const top = EDGE + 18 * at;
    context.setLineDash([...dash]);
    context.strokeStyle = color || ink;
    context.lineWidth = 2.5;
    trace();
    context.stroke();
    context.beginPath();
    context.moveTo(this.right + 10, top);
    context.lineTo(this.right + 38, top);
    context.stroke();
    context.setLineDash([]);
    context.textAlign = "left";
    context.fillStyle = ink;
    context.fillText(name, this.right + 44, top);
  }

  private cursor(context: CanvasRenderingContext2D, epoch: number, ink: string): void {
    context.strokeStyle = ink;
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(this.x(epoch), EDGE / 2);
    context.lineTo(this.x(epoch), HEIGHT - EDGE / 2);
    context.stroke();
  }

  private epochAt(event: MouseEvent): number {
    const { left } = this.canvas.getBoundingClientRect();
    const share = (event.clientX - left - LEFT) / (this.right - LEFT || 1);
    return Math.round(clamp(share, 0, 1) * (this.epochs - 1));
  }

  private get right(): number {
    return Math.max(LEFT + 40, this.canvas.clientWidth - RIGHT);
  }

  private x(epoch: number): number {
    return LEFT + ((this.right - LEFT) * epoch) / Math.max(1, this.epochs - 1);
  }

  private y(value: number): number {
    return EDGE + (1 - value) * (HEIGHT - 2 * EDGE);
  }

  private readonly epochs: number;
}

function linesOf(trans: Translate, { epochs, truth }: GroundingReplay): Line[] {
  const overlap = (box: Box | undefined): number => (box ? (truthOverlap(box, [truth]) ?? 0) : 0);
  const lines: Line[] = [{ name: "W_dt", color: "", dash: [2, 3], values: epochs.map(({ weight }) => weight) }];
  if (epochs.some(({ token }) => token))
    lines.push({
      name: trans.__("IoU, token"),
      color: cssColor(SERIES[4]),
      dash: [],
      values: epochs.map(({ token }) => overlap(token?.box)),
    });
  if (epochs.some(({ decoder }) => decoder))
    lines.push({
      name: trans.__("IoU, decoder"),
      color: cssColor(SERIES[5]),
      dash: [8, 4],
      values: epochs.map(({ decoder }) => overlap(decoder?.box)),
    });
  return lines;
}
