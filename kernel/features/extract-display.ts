import { describe, type DisplayBundle, thousands } from "../display/describe";
import type { Precision } from "../encoders/precision";
import type { ExtractProgress } from "./extraction";
import type { DamagedFile } from "./intact";

/** Result of an extraction. */
export interface ExtractResult extends Omit<ExtractProgress, "done" | "total"> {
  out: string;
  /** Hash of encoder and options, equal for equal runs. */
  hash: string;
  precision: Precision;
  images: number;
  /** Number of images with features, new or earlier. */
  ok: number;
  /** The first 20 images without features, and why. */
  unread: { path: string; reason: string }[];
  /** Number of images computed again, because the file of their earlier features was damaged. */
  redone: number;
  /** Files of earlier features that were missing, truncated or altered. */
  damaged: DamagedFile[];
}

/** Shows the results of an extraction and the pictures that it left out. */
export function showExtraction(result: ExtractResult): DisplayBundle {
  const { out, precision, images, ok, skipped, unread, reused, redone, damaged } = result;
  return describe(`Extracted to ${out}`, [
    ["pictures", `${thousands(ok)} of ${thousands(images)} with features, ${thousands(reused)} of them from before`],
    ["left out", skipped === 0 ? "none" : thousands(skipped)],
    ...unread.map(({ path, reason }): [string, string] => [`  ${path}`, reason]),
    ["done again", redone === 0 ? "none" : `${thousands(redone)}, for ${damaged.length} damaged files`],
    ["precision", precision],
  ]);
}
