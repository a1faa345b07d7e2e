/** Parts of a plan read as one folder of features, where they lie. */
import { readFile } from "../../platform/files";
import { join } from "../../platform/path";
import { FeatureError } from "../error";
import type { ExtractionRun } from "../run-identity";
import { parseManifest } from "../store";
import { partFolder } from "./part-folder";
import { openPlan } from "./plan";
import { MANIFEST_NAME, partOfShard } from "./sinks";
import { status } from "./status";
import type { ManifestLine } from "../intact";

/** Content of a folder of features, and where its files are. */
export interface OpenedParts {
  run: ExtractionRun;
  lines: ManifestLine[];
  placeOf: (shard: string) => string;
}

/**
 * Opens the parts of a plan for reading.
 *
 * @throws FeatureError for a plan of another format, or a part that is missing or damaged
 */
export async function openParts(fn: string, path: string): Promise<OpenedParts> {
  const plan = await openPlan(path);
  if (plan.format !== "safetensors")
    throw new FeatureError(fn, "a plan that is read here must have the format safetensors", plan.format);
  const { whole, parts, todo } = await status(plan);
  if (whole < parts)
    throw new FeatureError(
      fn,
      `every part of ${path} must be whole (extract --plan makes ${todo})`,
      `${whole} of ${parts}`,
    );
  const lines: ManifestLine[][] = [];
  for (let part = 0; part < parts; part++) {
    const bytes = await readFile(join(partFolder(plan, part), MANIFEST_NAME));
    lines.push(parseManifest(fn, bytes, bytes.length));
  }
  return { run: plan.run, lines: lines.flat(), placeOf: (shard) => join(partFolder(plan, partOfShard(shard)), shard) };
}
