/** `fovea/tf` in a page. */
import { loadCore } from "../backend/browser";
import { tf } from "../backend/tf";

/** Loads tfjs, and tells it of the devices. */
export function loadTf(): object {
  // The first look at tfjs does.
  void tf.version_core;
  return loadCore();
}
