import { type InputGeometry, place, type Point, unplace } from "../../contracts/geometry";
import { ImageError, type ImageInput, type RawImage } from "../../data/image";
import { type Interpolation, resample, type Window } from "./resample";

/** Preparation of a picture as a model's input. `readPreprocess` reads it from configurations. */
export interface Preprocess {
  /** Size of the model's input, `[height, width]`. */
  inputSize: [number, number];
  /**
   * Kind of resizing. `stretch`: both sides to `resizeTo`, which changes the aspect. `shortest-edge`: the smallest size
   * that covers `resizeTo`, then a crop of the centre. `letterbox`: the whole picture inside, the rest filled with
   * `fill`. `keep-shape`: as `shortest-edge` without the crop; a picture that does not fill `inputSize` exactly is
   * refused.
   */
  resize: "stretch" | "shortest-edge" | "letterbox" | "keep-shape" | "none";
  resizeTo: [number, number];
  /** Position of a letterboxed picture. */
  align: "center" | "top-left";
  interpolation: Interpolation;
  /** Mean of pixel values in 0..1, by channel. */
  mean: [number, number, number];
  std: [number, number, number];
  /** Factor on pixel values before `mean`: 1/255, or 1 for models that take 0..255. */
  rescale: number;
  /** Colour of the parts outside the picture: 0..255, or the mean, which is 0 after normalization. */
  fill: number | "mean";
  /** Rounding of half a pixel in an odd margin: timm and torchvision to even, transformers down. */
  cropRounding: "down" | "even";
}

/**
 * Placement of a picture in a model's input: `model = image · scale + offset`. Points are `[x, y]` in pixels; a pixel's
 * centre is at +0.5.
 */
export class Geometry implements InputGeometry {
  constructor(
    /** Size of the original picture, `[width, height]`. */
    readonly imageSize: readonly [width: number, height: number],
    /** Size of the model's input, `[width, height]`. */
    readonly modelSize: readonly [width: number, height: number],
    /** Input pixels a picture pixel, across. */
    readonly scaleX: number,
    /** Input pixels a picture pixel, down. */
    readonly scaleY: number,
    /** Left edge of the picture in the model's input, in its pixels. */
    readonly offsetX: number,
    /** Upper edge of the picture in the model's input, in its pixels. */
    readonly offsetY: number,
  ) {}

  /** Maps a point of the picture to the model's input. */
  toModel(point: Point): [x: number, y: number] {
    return place(point, this);
  }

  /** Maps a point of the model's input to the picture. */
  toImage(point: Point): [x: number, y: number] {
    return unplace(point, this);
  }
}

/** Preprocessed picture, made by `prepareImage`. */
export class PreparedImage {
  constructor(
    /** Normalised pixels, `[3, H, W]`. */
    readonly pixelValues: Float32Array,
    /** Placement of the picture in the model's input. */
    readonly geometry: Geometry,
  ) {}
}

/** Input of an encoder for one picture. */
export type EncoderInput = ImageInput | PreparedImage;

/**
 * Prepares one picture by `encoder.info.preprocess`, for `forwardIntermediates`.
 *
 * @throws ImageError for a picture that `keep-shape` refuses
 */
export function prepareImage(image: RawImage, plan: Preprocess): PreparedImage {
  const pixelValues = new Float32Array(3 * plan.inputSize[0] * plan.inputSize[1]);
  return new PreparedImage(pixelValues, preprocessImage(image, plan, pixelValues));
}

/**
 * Prepares one picture into `target` `[3, H, W]` and returns its placement.
 *
 * @throws ImageError for a picture of another shape with `keep-shape`
 */
export function preprocessImage(image: RawImage, plan: Preprocess, target: Float32Array): Geometry {
  const [height, width] = plan.inputSize;
  const [resizedHeight, resizedWidth] = resizedSize(image, plan);
  if (plan.resize === "keep-shape" && (resizedHeight !== height || resizedWidth !== width))
    throw new ImageError(
      "encoders.preprocess",
      `the encoder keeps a picture's shape and cuts nothing (size.shortest_edge without do_center_crop), so that it takes ${height} x ` +
        `${width} only where this picture becomes ${resizedHeight} x ${resizedWidth}; load it with that inputSize if its graph ` +
        `allows it, or with a preprocess whose resize is shortest-edge, letterbox or stretch`,
      `${image.height} x ${image.width}`,
    );
  const left = margin(width - resizedWidth, plan);
  const top = margin(height - resizedHeight, plan);
  const window: Window = {
    left: Math.max(0, -left),
    top: Math.max(0, -top),
    width: Math.min(resizedWidth, width),
    height: Math.min(resizedHeight, height),
  };
  const same = resizedWidth === image.width && resizedHeight === image.height;
  const pixels = resample(image, resizedWidth, resizedHeight, same ? "nearest" : plan.interpolation, window);
  normalize(pixels, plan, Math.max(0, left), Math.max(0, top), target);
  return geometryOf(image, plan);
}

/** Returns the placement of a picture of this size in the model's input. */
export function geometryOf(image: { width: number; height: number }, plan: Preprocess): Geometry {
  const [height, width] = plan.inputSize;
  const [resizedHeight, resizedWidth] = resizedSize(image, plan);
  const scale: [number, number] = [resizedWidth / image.width, resizedHeight / image.height];
  const offset: [number, number] = [margin(width - resizedWidth, plan), margin(height - resizedHeight, plan)];
  return new Geometry([image.width, image.height], [width, height], ...scale, ...offset);
}

/** Returns `[height, width]` after resizing, before the crop. Fractions are cut as in transformers and torchvision. */
export function resizedSize({ width, height }: { width: number; height: number }, plan: Preprocess): [number, number] {
  const [toHeight, toWidth] = plan.resizeTo;
  switch (plan.resize) {
    case "none":
      return [height, width];
    case "stretch":
      return [toHeight, toWidth];
    case "shortest-edge":
    case "keep-shape":
      // For a square: the shorter side to the edge. For another box: the smallest that covers it.
      if (width * toHeight <= height * toWidth)
        return [Math.max(toHeight, Math.trunc((toWidth * height) / width)), toWidth];
      return [toHeight, Math.max(toWidth, Math.trunc((toHeight * width) / height))];
    case "letterbox": {
      const scale = Math.min(toHeight / height, toWidth / width);
      return [Math.max(1, Math.round(height * scale)), Math.max(1, Math.round(width * scale))];
    }
    default:
      return plan.resize satisfies never;
  }
}

/** Returns where the resized picture begins in the input; negative where it is cut. `room` is input minus picture. */
function margin(room: number, { align, cropRounding, resize }: Preprocess): number {
  if (resize === "letterbox" && align === "top-left") return 0;
  if (room > 0) return Math.floor(room / 2);
  const cut = -room / 2;
  const down = Math.floor(cut);
  return cropRounding === "even" && cut !== down && down % 2 === 1 ? -(down + 1) : 0 - down;
}

function normalize(pixels: RawImage, plan: Preprocess, left: number, top: number, target: Float32Array): void {
  const [height, width] = plan.inputSize;
  for (let c = 0; c < 3; c++) {
    const levels = Float32Array.from(
      { length: 256 },
      (_, level) => (level * plan.rescale - plan.mean[c]) / plan.std[c],
    );
    const plane = target.subarray(c * height * width, (c + 1) * height * width);
    if (pixels.width < width || pixels.height < height) plane.fill(plan.fill === "mean" ? 0 : levels[plan.fill]);
    for (let y = 0; y < pixels.height; y++) {
      let from = 3 * y * pixels.width + c;
      const to = (top + y) * width + left;
      for (let x = 0; x < pixels.width; x++, from += 3) plane[to + x] = levels[pixels.data[from]];
    }
  }
}
