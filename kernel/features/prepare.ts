import { ImageError, type RawImage } from "../data/image";
import { prepareInput } from "../encoders/preprocess/batch";
import { eachInPreparation } from "../encoders/preprocess/preparation";
import type { PreparedImage, Preprocess } from "../encoders/preprocess/preprocess";
import type { ImageItem, ReadPicture } from "./sources";

/** Picture before the model, or the reason why it is refused. */
export interface Candidate {
  image: ImageItem;
  sha256: string | null;
  /** Prepared picture; null for known content and for a bad picture. */
  prepared: PreparedImage | null;
  reason: string | null;
  /** Kept beside its features. */
  note?: unknown;
}

/** Bytes of a picture and their hash, or the reason of a failure. */
export interface Read {
  image: ImageItem;
  found: ReadPicture;
}

/** Reads the pictures of one batch. */
export function readBatch(images: readonly ImageItem[]): Promise<Read[]> {
  return Promise.all(images.map(async (image) => ({ image, found: await image.read() })));
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
    const { input, sha256, note } = found;
    if (!isFresh[i]) return { image, sha256, prepared: null, reason: null, note };
    return { image, sha256, note, ...(await prepareOne(fn, input, plan)) };
  });
}

async function prepareOne(
  fn: string,
  input: Uint8Array | RawImage,
  plan: Preprocess,
): Promise<Pick<Candidate, "prepared" | "reason">> {
  try {
    return { prepared: await prepareInput(input, plan, fn), reason: null };
  } catch (error) {
    if (error instanceof ImageError) return { prepared: null, reason: error.rule };
    throw error;
  }
}
