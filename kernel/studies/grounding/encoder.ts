import type { Tokenizer } from "../../encoders";
import { Beit3 } from "../../models/beit3/beit3";
import type { Beit3Config } from "../../models/beit3/config";
import { loadBeit3 } from "../../models/beit3/load";
import * as nn from "../../nn";
import { sha256 } from "../../platform";
import { StudyError } from "../error";
import type { GroundingStudySettings } from "./settings";

/** Encoder that every run of a study starts with. */
export interface StudyEncoder {
  config: Beit3Config;
  /** Tokenizer that the encoder was trained with; null for random values. */
  tokenizer: Tokenizer | null;
  /** SHA-256 of the weights; null for random values. */
  hash: string | null;
  /** Makes the encoder anew. */
  make(): Beit3;
}

/**
 * Loads the encoder of a study, or describes one of random values.
 *
 * @param vocabSize number of words of an encoder of random values
 * @throws StudyError for a source without a tokenizer
 * @throws ModelError for a source that cannot be loaded
 */
export async function studyEncoder(
  { encoder, size }: GroundingStudySettings,
  vocabSize: number,
  fn: string,
): Promise<StudyEncoder> {
  if (typeof encoder !== "string") {
    const config = { ...encoder, imgSize: size, vocabSize };
    return { config, tokenizer: null, hash: null, make: () => new Beit3(config) };
  }
  const { model, tokenizer } = await loadBeit3(encoder, { config: { imgSize: size }, resample: true });
  const [state, { config }] = [await nn.stateOf(model), model];
  model.dispose();
  if (!tokenizer) throw new StudyError(fn, "the encoder's folder must hold tokenizer.json", encoder);
  const digest = sha256();
  for (const [name, { data }] of state)
    digest.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  const make = (): Beit3 => {
    const made = new Beit3(config);
    nn.loadState(made, state);
    return made;
  };
  return { config, tokenizer, hash: digest.digest("hex"), make };
}
