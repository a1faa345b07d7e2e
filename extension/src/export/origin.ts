/** Pictures and encoders in the code of a view. */
import type { SavedImage, SavedLoad } from "fovea/protocol";
import { call, comment, declare, Raw } from "./code";

/** Declares the file of a picture, or leaves its place to the reader where it was given as pixels. */
export function declareImage(name: string, image: SavedImage): string {
  if (image.path !== undefined) return declare(name, image.path);
  const missing = comment(`The picture "${image.label}" was given as pixels: put its file here.`);
  return `${missing}\n${declare(name, image.label)}`;
}

/** Loads the encoder as it was loaded, or leaves its place to the reader where it does not tell how. */
export function declareEncoder(encoder: string, load: SavedLoad | undefined, name = "encoder"): string {
  if (load) {
    const options = JSON.parse(load.options) as Record<string, unknown>;
    return declare(name, new Raw(`await ${call("encoders.load", [load.model], options)}`));
  }
  const missing = comment(`The encoder "${encoder}" does not tell how it was loaded: put that here.`);
  return `${missing}\n${declare(name, new Raw(`await ${call("encoders.load", [encoder], {})}`))}`;
}
