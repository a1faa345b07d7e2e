import type { RawImage } from "../../data/image";
import { encodeFloat16, meanRow } from "../../numeric";
import { base64Encode } from "../../protocol/core/base64";
import type { GroundingAnswer, GroundingPayload, SavedAnswer, SavedAttention } from "../../protocol/grounding/payload";
import { checkScored, type GroundingExplorerLike, type GroundingPhraseLike, savedBox } from "./input";

/** Characters of attention that a notebook keeps. */
const ATTENTION_CHARACTERS = 120_000;

/** Grounds a phrase and returns the answer as it is saved and sent. */
export async function groundPhrase(
  explorer: GroundingExplorerLike,
  image: RawImage,
  { phrase, picture = 0, boxes: truth }: GroundingPhraseLike,
): Promise<GroundingAnswer> {
  const { words, token, decoder, milliseconds } = await explorer.ground(image, phrase);
  for (const one of [...(token ?? []), ...(decoder ?? [])]) checkScored("view.grounding", one);
  const boxes = { ...(token && { token: token.map(savedBox) }), ...(decoder && { decoder: decoder.map(savedBox) }) };
  return {
    picture,
    phrase,
    words: [...words],
    boxes,
    ...(truth && { truth: truth.map((box) => [...box] as const) }),
    milliseconds: { ...milliseconds },
  };
}

/** Grounds every phrase of the list. Attention is kept of all layers where there is room, else the mean over them, else none. */
export async function groundAll(
  explorer: GroundingExplorerLike,
  images: readonly RawImage[],
  phrases: readonly GroundingPhraseLike[],
): Promise<SavedAnswer[]> {
  const answers: SavedAnswer[] = [];
  let room = ATTENTION_CHARACTERS;
  for (const [i, one] of phrases.entries()) {
    const image = images[one.picture ?? 0];
    const answer = await groundPhrase(explorer, image, one);
    const { toPatches, toWords } = await explorer.attend(image, one.phrase);
    const share = room / (phrases.length - i);
    const attention = [() => saved(toPatches, toWords), () => saved(...means([toPatches, toWords], explorer.layers))]
      .map((make) => make())
      .find(({ toPatches: some }) => 2 * some.length <= share);
    if (attention) room -= attention.toPatches.length + attention.toWords.length;
    answers.push({ ...answer, ...(attention && { attention }) });
  }
  return answers;
}

function saved(toPatches: Float32Array, toWords: Float32Array): SavedAttention {
  return { toPatches: base64Encode(encodeFloat16(toPatches)), toWords: base64Encode(encodeFloat16(toWords)) };
}

/** Returns means over the layers. */
function means(maps: readonly [Float32Array, Float32Array], layers: number): [Float32Array, Float32Array] {
  const mean = (values: Float32Array): Float32Array => Float32Array.from(meanRow(values, values.length / layers));
  return [mean(maps[0]), mean(maps[1])];
}

/** Returns the truth of a phrase that is typed anew, where the list has it. */
export function knownTruth(
  { saved: answers }: Pick<GroundingPayload, "saved">,
  picture: number,
  phrase: string,
): Pick<GroundingPhraseLike, "boxes"> {
  const same = answers.find((one) => one.picture === picture && one.phrase.trim() === phrase.trim());
  return same?.truth ? { boxes: same.truth } : {};
}
