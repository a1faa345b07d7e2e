/** Augmentations of pictures with torchvision's formulas, drawn from a seeded generator. */
export { brightness, contrast, grayscale, hue, saturation, solarize } from "./color";
export { type Crop, cropPicture, flipHorizontally, gaussianBlur, type ResizeFilter, resizePicture } from "./geometry";
export { mixup, type MixedBatch, softCrossEntropy, stackPictures } from "./mix";
export { type FloatPicture, normalizePicture, toFloatPicture } from "./picture";
export {
  type Augmentation,
  colorJitter,
  type ColorJitterOptions,
  compose,
  randomBlur,
  type RandomBlurOptions,
  randomCrop,
  randomFlip,
  randomGrayscale,
  randomResizedCrop,
  type RandomResizedCropOptions,
  randomSolarize,
  type RandomSolarizeOptions,
} from "./random";
