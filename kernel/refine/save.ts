import { RefineError } from "./error";
import { checkArguments } from "../rules/arguments";
import { mkdir } from "../platform/files";
import { join } from "../platform/path";
import { toOnnx } from "../models/onnx/to-onnx";
import { saveVit } from "../models/vit/state";
import type { RefineModel } from "./model";

/** Files of one encoder that left a refined model. */
export interface SavedVision {
  /** Weights under timm's names, for `models.loadVit` and timm. */
  weights: string;
  /** The encoder as ONNX, for `encoders.load` and other runtimes: pictures to tokens after the final norm. */
  onnx: string;
}

/**
 * Writes the encoders of a refined model without connector and language model, which SAILViT discards (arXiv 2507.01643): each as
 * `vision-<i>.safetensors` and `vision-<i>.onnx`, with any number of pictures of the configured size.
 *
 * @param folder made where it is missing
 * @returns the files of each encoder
 * @throws ModelError for an encoder that ONNX cannot express
 */
export async function saveVision(model: RefineModel, folder: string): Promise<SavedVision[]> {
  checkArguments("refine.saveVision", RefineError, { model, folder }, { model: "module", folder: "string" });
  await mkdir(folder, { recursive: true });
  const saved: SavedVision[] = [];
  for (const [i, vit] of model.vision.encoders.entries()) {
    const files = { weights: join(folder, `vision-${i}.safetensors`), onnx: join(folder, `vision-${i}.onnx`) };
    await saveVit(vit, files.weights);
    const [height, width] = vit.config.imgSize;
    const written = await toOnnx(vit, {
      inputs: { pixel_values: [1, vit.config.inChans, height, width] },
      dynamic: ["batch"],
      call: (pixels) => vit.forwardFeatures(pixels),
    });
    await written.save(files.onnx);
    saved.push(files);
  }
  return saved;
}
