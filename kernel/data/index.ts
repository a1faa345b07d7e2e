/** Pictures, SPair-71k's layout and the synthetic world. */
import { decodeImage } from "./image";
import { spair } from "./spair";
import { world } from "./world";

/** Data for experiments: `data.world` makes it, `data.spair` reads it, `data.decodeImage` decodes one picture. */
export const data = { world, spair, decodeImage };

export { ImageError, type DecodeOptions, type ImageInput, type RawImage } from "./image";
export {
  SpairError,
  type SpairDataset,
  type SpairFlags,
  type SpairPair,
  type SpairReadOptions,
  type SpairSplit,
  type SpairView,
} from "./spair";
export * from "./world";
