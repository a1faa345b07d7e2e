/** Origins of a view's images and encoders, as far as the view's code can name them. */
import { platform } from "../platform";
import type { ImageInput } from "../data/image";
import { relative, resolve } from "../platform/path";
import type { FeatureExtractor } from "./extract";
import { MAX_LOAD, MAX_PATH, type SavedLoad } from "../protocol/core/saved";

/**
 * The file of an image, from the notebook's folder where it lies there: a saved notebook tells no folders of its machine, and its code
 * runs on another. `undefined` for pixels and bytes.
 */
export function imagePath(image: ImageInput): string | undefined {
  const given = image instanceof URL ? urlPath(image) : image;
  return typeof given === "string" ? pathFromNotebook(given) : undefined;
}

/** A path from the notebook's folder where it lies there; `undefined` for one that is too long. */
export function pathFromNotebook(given: string): string | undefined {
  const inside = relative(platform().folder(), resolve(given));
  const path = inside.startsWith("..") ? given : inside;
  return path.length <= MAX_PATH ? path : undefined;
}

function urlPath(url: URL): string | undefined {
  return url.protocol === "file:" ? platform().path.fromUrl(url) : undefined;
}

/** Returns the call that loaded an encoder; `undefined` where it is unknown or too long. */
export function encoderLoad({ source }: Pick<FeatureExtractor, "source">): SavedLoad | undefined {
  if (!source) return undefined;
  const options = JSON.stringify(source.options);
  return source.model.length <= MAX_PATH && options.length <= MAX_LOAD ? { model: source.model, options } : undefined;
}
