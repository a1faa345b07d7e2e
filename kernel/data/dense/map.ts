import { readPlainFile } from "../../platform/files";
import { DenseError } from "./error";
import { parseNpy } from "../npy";
import { parsePng } from "./png";

/** Values of a map as its file stores them. */
export interface StoredMap {
  /** [height, width, channels], row-major. */
  readonly data: ArrayLike<number>;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Largest value that the file can hold; null for an array of NumPy with floating numbers. */
  readonly most: number | null;
  readonly file: string;
}

/** Endings of the files that hold a map. */
export const MAP_ENDINGS = [".png", ".npy"] as const;

/**
 * Reads a map: a PNG file of any depth, whose palette is ignored, or an array of NumPy, [H, W] or [H, W, C].
 *
 * @throws DenseError for a file that is missing, damaged or of another kind
 */
export async function readMap(fn: string, file: string): Promise<StoredMap> {
  const bytes = await readPlainFile(file).catch((error: { code?: string }) => {
    throw new DenseError(fn, file, `the file cannot be read (${error.code})`, undefined);
  });
  if (!bytes) throw new DenseError(fn, file, "a map must be a file", "a folder or device");
  try {
    return { ...(file.endsWith(".npy") ? fromNpy(bytes) : await parsePng(bytes)), file };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DenseError(fn, file, `the map must be a whole PNG or NPY file: ${reason}`, `${bytes.length} bytes`);
  }
}

function fromNpy(bytes: Uint8Array): Omit<StoredMap, "file"> {
  const { data, shape, isFloat } = parseNpy(bytes);
  const [height, width, channels = 1] = shape;
  if (shape.length < 2 || shape.length > 3 || data.length === 0) throw new Error("a map is [H, W] or [H, W, C]");
  return { data, width, height, channels, most: isFloat ? null : data.reduce((a, b) => Math.max(a, b), 255) };
}
