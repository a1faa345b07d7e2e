import { checkArguments } from "../../rules/arguments";
import { platform } from "../../platform";
import { checkRawImage, decodeImage, isRawImage } from "../../data/image";
import { EncoderError } from "../errors";
import { eachInPreparation, prepareInThread } from "./preparation";
import { type EncoderInput, type Geometry, PreparedImage, prepareImage, type Preprocess } from "./preprocess";

/** Input batch of a model. */
export interface Preprocessed {
  /** Normalised pixels, `[B, 3, H, W]`. */
  pixelValues: Float32Array;
  dims: [number, number, number, number];
  /** One placement per image. */
  geometry: Geometry[];
}

/** Below this number, pictures are prepared in this thread, because starting a thread takes longer. */
const WORTH_THREADS = 4;

/** Decodes and prepares pictures in order; many of them in threads. */
export async function preprocess(
  images: readonly EncoderInput[],
  plan: Preprocess,
  fn = "preprocess",
): Promise<Preprocessed> {
  checkArguments(
    "encoders.preprocess",
    EncoderError,
    { images, plan },
    { images: "array", plan: { inputSize: "list" } },
  );
  const [height, width] = plan.inputSize;
  const size = 3 * height * width;
  const pixelValues = new Float32Array(images.length * size);
  const inThreads = images.length >= WORTH_THREADS;
  const prepared = await eachInPreparation(images, (image) => prepareInput(image, plan, fn, inThreads));
  prepared.forEach((image, i) => {
    if (image.pixelValues.length !== size)
      throw new EncoderError(fn, `a prepared image has ${size} values`, image.pixelValues.length);
    pixelValues.set(image.pixelValues, i * size);
  });
  return { pixelValues, dims: [images.length, 3, height, width], geometry: prepared.map(({ geometry }) => geometry) };
}

/** Prepares one picture, in a thread where it has to be decoded. */
export async function prepareInput(
  image: EncoderInput,
  plan: Preprocess,
  fn: string,
  inThreads = true,
): Promise<PreparedImage> {
  if (image instanceof PreparedImage) return image;
  // Raw pixels are only resized, which is less work than copying a large picture to a thread.
  if (isRawImage(image)) return prepareHere(checkRawImage(fn, image), plan);
  return inThreads ? prepareInThread(image, plan, fn) : prepareHere(await decodeImage(image, { fn }), plan);
}

/** Prepares a picture here and yields to the event loop between pictures. */
async function prepareHere(image: Parameters<typeof prepareImage>[0], plan: Preprocess): Promise<PreparedImage> {
  await platform().turn();
  return prepareImage(image, plan);
}
