/** Data for experiments: `data.world` makes it, `data.spair`, `data.ap10k`, `data.dense` and `data.refer` read it, `data.decodeImage` decodes a picture. */
export * as ap10k from "./ap10k";
export * as dense from "./dense";
export * as refer from "./refer";
export * as spair from "./spair";
export * as world from "./world";
export { decodeImage, ImageError, type DecodeOptions, type ImageInput, type RawImage } from "./image";
