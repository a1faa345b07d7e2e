/** A point, in pixels of the image where nothing else is said; y points down. */
export type Point = readonly [x: number, y: number];

/** A rectangle: left, top, right, bottom; the last two are one past the last pixel. */
export type Box = readonly [left: number, top: number, right: number, bottom: number];

/** Rows and columns of a patch grid. */
export type Grid = readonly [rows: number, columns: number];

/** Position of an image in another frame: `frame = image * scale + offset`. */
export interface Placement {
  scaleX: number;
  scaleY: number;
  offsetX: number;
  offsetY: number;
}

/** Position of an image in an encoder's input. */
export interface InputGeometry extends Placement {
  /** Width and height of the model's input in pixels. */
  readonly modelSize: readonly [width: number, height: number];
  /** Width and height of the image as it was decoded, upright. */
  readonly imageSize?: readonly [width: number, height: number];
}

/** A point of the image, in the frame. */
export function place([x, y]: Point, { scaleX, scaleY, offsetX, offsetY }: Placement): [x: number, y: number] {
  return [x * scaleX + offsetX, y * scaleY + offsetY];
}

/** A point of the frame, in the image. */
export function unplace([x, y]: Point, { scaleX, scaleY, offsetX, offsetY }: Placement): [x: number, y: number] {
  return [(x - offsetX) / scaleX, (y - offsetY) / scaleY];
}
