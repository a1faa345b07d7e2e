/** Data for experiments: `data.world` makes it, `data.spair` and `data.dense` read it, `data.decodeImage` decodes one picture. */
export * as dense from "./dense";
export * as spair from "./spair";
export * as world from "./world";
export { decodeImage, ImageError, type DecodeOptions, type ImageInput, type RawImage } from "./image";
