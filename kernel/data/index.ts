/** Data for experiments: `data.world` makes it, `data.spair`, `data.ap10k` and `data.dense` read it, `data.decodeImage` decodes one picture. */
export * as ap10k from "./ap10k";
export * as dense from "./dense";
export * as spair from "./spair";
export * as world from "./world";
export { decodeImage, ImageError, type DecodeOptions, type ImageInput, type RawImage } from "./image";
export type { DecodeSettings } from "../platform/types";
