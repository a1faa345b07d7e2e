import { decodeImage, ImageError } from "../../data/image";
import { type PreparedImage, prepareImage, type Preprocess } from "../preprocess";
import { type ImageFile, readImage } from "./images";

/** A picture on its way into the model, or the reason why it is not. */
export interface Candidate {
  image: ImageFile;
  sha256: string | null;
  /** Null for a picture whose content is known from before, and for a bad one. */
  prepared: PreparedImage | null;
  reason: string | null;
}

/** Pictures decoded at a time: as many threads as libuv has. */
const DECODERS = 4;

/** Reads and prepares the pictures of one batch; those whose content `seen` holds are not decoded again. */
export async function prepareBatch(
  fn: string,
  images: readonly ImageFile[],
  plan: Preprocess,
  seen: Set<string>,
): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  for (let start = 0; start < images.length; start += DECODERS)
    candidates.push(...(await prepareSome(fn, images.slice(start, start + DECODERS), plan, seen)));
  return candidates;
}

async function prepareSome(
  fn: string,
  images: readonly ImageFile[],
  plan: Preprocess,
  seen: Set<string>,
): Promise<Candidate[]> {
  const read = await Promise.all(images.map(readImage));
  return Promise.all(
    read.map(async (found, i): Promise<Candidate> => {
      const image = images[i];
      if ("reason" in found) return { image, sha256: null, prepared: null, reason: found.reason };
      const { bytes, sha256 } = found;
      if (seen.has(sha256)) return { image, sha256, prepared: null, reason: null };
      seen.add(sha256);
      return { image, sha256, ...(await prepareOne(fn, bytes, plan)) };
    }),
  );
}

async function prepareOne(
  fn: string,
  bytes: Uint8Array,
  plan: Preprocess,
): Promise<Pick<Candidate, "prepared" | "reason">> {
  try {
    const prepared = prepareImage(await decodeImage(bytes, { fn }), plan);
    // The event loop's other work gets its turn.
    await new Promise((resolve) => setImmediate(resolve));
    return { prepared, reason: null };
  } catch (error) {
    if (error instanceof ImageError) return { prepared: null, reason: error.rule };
    throw error;
  }
}
