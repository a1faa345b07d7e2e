/** Decodes and prepares pictures for `preparation.ts`. */
import { platform } from "../../platform";
import { decodeImage, ImageError } from "../../data/image";
import { preprocessImage } from "./preprocess";
import type { Done, Job } from "./preparation";

async function prepare({ id, image, plan, fn }: Job): Promise<Done> {
  try {
    const picture = await decodeImage(image, { fn });
    const pixelValues = new Float32Array(3 * plan.inputSize[0] * plan.inputSize[1]);
    preprocessImage(picture, plan, pixelValues);
    return { id, pixelValues, width: picture.width, height: picture.height };
  } catch (error) {
    if (!(error instanceof ImageError)) return { id, error: error instanceof Error ? error : new Error(String(error)) };
    const { where, rule, received } = error;
    return { id, refused: { where, rule, received } };
  }
}

platform().serve(prepare, (done) => ("pixelValues" in done ? [done.pixelValues.buffer as ArrayBuffer] : []));
