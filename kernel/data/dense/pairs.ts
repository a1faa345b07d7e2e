import { existsSync, readdirSync, statSync } from "../../platform/files";
import { join } from "../../platform/path";
import { DenseError } from "./error";
import { MAP_ENDINGS } from "./map";

/** Files of one picture's labels and of its prediction. */
export interface DensePair {
  readonly name: string;
  readonly prediction: string;
  /** One file, or those of several annotators. */
  readonly labels: readonly string[];
}

const endingOf = (entry: string): string | undefined => MAP_ENDINGS.find((ending) => entry.endsWith(ending));

/**
 * Finds the prediction of each label by the name of its file. A label may be a folder of several annotators' maps. Entries of
 * other endings and hidden ones are passed over.
 *
 * @param names pictures to take; default all that have a label
 * @throws DenseError for a missing folder, a label without prediction or a prediction without label, or two files of one name
 */
export function findPairs(fn: string, predictions: string, labels: string, names?: readonly string[]): DensePair[] {
  const [found, truths] = [mapsOf(fn, predictions, false), mapsOf(fn, labels, true)];
  const wanted = names ?? [...truths.keys()].sort();
  if (wanted.length === 0) throw new DenseError(fn, labels, "the folder must hold labels, PNG or NPY files", "none");
  const stray = names ? undefined : [...found.keys()].find((name) => !truths.has(name));
  if (stray !== undefined) throw new DenseError(fn, labels, "every prediction must have a label", stray);
  return wanted.map((name) => {
    const [prediction, label] = [found.get(name), truths.get(name)];
    if (label === undefined) throw new DenseError(fn, labels, "every picture must have a label", name);
    if (prediction === undefined) throw new DenseError(fn, predictions, "every label must have a prediction", name);
    return { name, prediction, labels: endingOf(label) ? [label] : annotators(fn, label) };
  });
}

/** Returns the path of each map in a folder by its name. */
function mapsOf(fn: string, folder: string, withFolders: boolean): Map<string, string> {
  const maps = new Map<string, string>();
  for (const entry of entriesOf(fn, folder)) {
    const path = join(folder, entry);
    const ending = endingOf(entry);
    if (ending === undefined && !(withFolders && statSync(path).isDirectory())) continue;
    const name = ending === undefined ? entry : entry.slice(0, -ending.length);
    if (maps.has(name)) throw new DenseError(fn, folder, "a picture must have one map", name);
    maps.set(name, path);
  }
  return maps;
}

function annotators(fn: string, folder: string): string[] {
  const files = [...mapsOf(fn, folder, false).values()];
  if (files.length > 0) return files;
  throw new DenseError(fn, folder, "the folder of a picture's labels must hold PNG or NPY files", "none");
}

function entriesOf(fn: string, folder: string): string[] {
  const isFolder = existsSync(folder) && statSync(folder).isDirectory();
  if (!isFolder) throw new DenseError(fn, folder, "the folder must exist", existsSync(folder) ? "a file" : undefined);
  const entries = readdirSync(folder).filter((entry) => !entry.startsWith("."));
  return entries.sort();
}
