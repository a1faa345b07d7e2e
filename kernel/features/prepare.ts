import { ImageError } from "../data/image";
import { eachInPreparation, prepareInThread } from "../encoders/preprocess/preparation";
import type { PreparedImage, Preprocess } from "../encoders/preprocess/preprocess";
import { type ImageFile, readImage } from "./images";

/** Picture before the model, or the reason why it is refused. */
export interface Candidate {
  image: ImageFile;
  sha256: string | null;
  /** Prepared picture; null for known content and for a bad picture. */
  prepared: PreparedImage | null;
  reason: string | null;
}

/** Bytes of a picture and their hash, or the reason of a failure. */
export interface Read {
  image: ImageFile;
  found: Awaited<ReturnType<typeof readImage>>;
}

/** Reads the pictures of one batch. */
export function readBatch(images: readonly ImageFile[]): Promise<Read[]> {
  return Promise.all(images.map(async (image) => ({ image, found: await readImage(image) })));
}

/**
 * Prepares the pictures of one batch. Of several with the same content only the first is decoded. `seen` is read and
 * filled before any await, so that calls in the order of the batches find the first, however long each takes.
 */
export function prepareBatch(
  fn: string,
  batch: readonly Read[],
  plan: Preprocess,
  seen: Set<string>,
): Promise<Candidate[]> {
  const isFresh = batch.map(({ found }) => "sha256" in found && !seen.has(found.sha256) && seen.add(found.sha256));
  return eachInPreparation([...batch.entries()], async ([i, { image, found }]): Promise<Candidate> => {
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
