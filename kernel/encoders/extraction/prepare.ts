import { ImageError } from "../../data/image";
import { eachInPreparation, prepareInThread } from "../preparation";
import type { PreparedImage, Preprocess } from "../preprocess";
import { type ImageFile, readImage } from "./images";

/** A picture on its way into the model, or the reason why it is not. */
export interface Candidate {
  image: ImageFile;
  sha256: string | null;
  /** Null for a picture whose content is known from before, and for a bad one. */
  prepared: PreparedImage | null;
  reason: string | null;
}

/** Reads and prepares the pictures of one batch; those whose content `seen` holds are not decoded again. */
export async function prepareBatch(
  fn: string,
  images: readonly ImageFile[],
  plan: Preprocess,
  seen: Set<string>,
): Promise<Candidate[]> {
  const read = await Promise.all(images.map(readImage));
  // In the order of the images: of several with the same content the first is prepared.
  const isFresh = read.map((found) => "sha256" in found && !seen.has(found.sha256) && seen.add(found.sha256));
  return eachInPreparation([...read.entries()], async ([i, found]): Promise<Candidate> => {
    const image = images[i];
    if ("reason" in found) return { image, sha256: null, prepared: null, reason: found.reason };
    const { bytes, sha256 } = found;
    if (!isFresh[i]) return { image, sha256, prepared: null, reason: null };
    return { image, sha256, ...(await prepareOne(fn, bytes, plan)) };
  });
}

async function prepareOne(
  fn: string,
  bytes: Uint8Array,
  plan: Preprocess,
): Promise<Pick<Candidate, "prepared" | "reason">> {
  try {
    return { prepared: await prepareInThread(bytes, plan, fn), reason: null };
  } catch (error) {
    if (error instanceof ImageError) return { prepared: null, reason: error.rule };
    throw error;
  }
}
