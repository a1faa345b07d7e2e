import { describe, type DisplayBundle, thousands } from "../display/describe";
import type { ExtractResult } from "./extract";

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
