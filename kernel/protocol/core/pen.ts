/** The part of a canvas that marks are drawn with; a browser's own context has it. */
export interface MarkContext {
  strokeStyle: unknown;
  fillStyle: unknown;
  lineWidth: number;
  font: string;
  textAlign: string;
  textBaseline: string;
  beginPath(): void;
  closePath(): void;
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  arc(x: number, y: number, radius: number, from: number, to: number): void;
  rect(x: number, y: number, width: number, height: number): void;
  stroke(): void;
  fill(): void;
  fillText(text: string, x: number, y: number): void;
  setLineDash(segments: number[]): void;
}

const round = (value: number): string => String(Math.round(value * 100) / 100);

/** Writes what is drawn on it as SVG elements. Colours, fonts and numbers are our own; text is escaped. */
export class SvgPen implements MarkContext {
  strokeStyle: unknown = "#000";
  fillStyle: unknown = "#000";
  lineWidth = 1;
  font = "";
  textAlign = "start";
  textBaseline = "alphabetic";

  /** The elements so far. */
  readonly elements: string[] = [];

  beginPath(): void {
    this.path = [];
  }

  closePath(): void {
    this.path.push("Z");
  }

  moveTo(x: number, y: number): void {
    this.path.push(`M${round(x)} ${round(y)}`);
  }

  lineTo(x: number, y: number): void {
    this.path.push(`${this.path.length ? "L" : "M"}${round(x)} ${round(y)}`);
  }

  /** Whole circles, which is all that marks have. */
  arc(x: number, y: number, radius: number): void {
    const [r, across] = [round(radius), round(2 * radius)];
    this.path.push(`M${round(x - radius)} ${round(y)}a${r} ${r} 0 1 0 ${across} 0a${r} ${r} 0 1 0 -${across} 0`);
  }

  rect(x: number, y: number, width: number, height: number): void {
    this.path.push(`M${round(x)} ${round(y)}h${round(width)}v${round(height)}h${round(-width)}Z`);
  }

  stroke(): void {
    const dash = this.dash.length ? ` stroke-dasharray="${this.dash.map(round).join(" ")}"` : "";
    const look = `fill="none" stroke="${String(this.strokeStyle)}" stroke-width="${round(this.lineWidth)}"${dash}`;
    this.elements.push(`<path d="${this.path.join("")}" ${look}/>`);
  }

  fill(): void {
    this.elements.push(`<path d="${this.path.join("")}" fill="${String(this.fillStyle)}"/>`);
  }

  /** Centred, as the numbers of pins are. */
  fillText(text: string, x: number, y: number): void {
    const place = `x="${round(x)}" y="${round(y)}" text-anchor="middle" dominant-baseline="central"`;
    const look = `fill="${String(this.fillStyle)}" style="font: ${this.font}"`;
    this.elements.push(`<text ${place} ${look}>${escapeText(text)}</text>`);
  }

  setLineDash(segments: number[]): void {
    this.dash = segments;
  }

  private path: string[] = [];
  private dash: number[] = [];
}

export function escapeText(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}
