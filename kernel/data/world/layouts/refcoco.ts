import { categoryId } from "../things/categories";
import { Prng } from "../../../numeric/prng";
import { phrasesFor } from "../language/refer";
import { annotationId, document, imageOf, instancesOf, objectCategories, type CocoImage, type CocoMask } from "./coco";
import { jpegOf, jsonOf, layoutOf, type Picture, type WriteSpec } from "./picture";

/** Most phrases per object. */
const MOST_PHRASES = 3;

/** Object with the phrases that refer to it alone in its image. */
export interface Reference {
  readonly ref_id: number;
  readonly ann_id: number;
  readonly image_id: number;
  readonly category_id: number;
  readonly file_name: string;
  readonly split: string;
  readonly sent_ids: readonly number[];
  readonly sentences: readonly {
    readonly sent_id: number;
    readonly sent: string;
    readonly raw: string;
    readonly tokens: readonly string[];
  }[];
}

interface RefRecord {
  readonly image: CocoImage;
  readonly instances: readonly CocoMask[];
  readonly refs: readonly Reference[];
}

/**
 * Layout of RefCOCO: boxes and masks with referring phrases in its `refs` and `instances` (JSON instead of a pickle).
 */
export const refcoco = layoutOf<RefRecord>({
  files: async (picture) => [[`images/${picture.name}.jpg`, await jpegOf(picture)]],
  record: (picture, spec) => ({
    image: imageOf(picture),
    instances: instancesOf(picture),
    refs: refsOf(picture, spec),
  }),
  documents: (records, spec) => [
    [`instances_${spec.split}.json`, jsonOf(document(records, objectCategories(), (r) => r.instances, spec))],
    [`refs_${spec.split}.json`, jsonOf(records.flatMap((record) => record.refs))],
  ],
});

function refsOf(picture: Picture, spec: WriteSpec): Reference[] {
  const random = new Prng(picture.id, `${spec.split}/refs`);
  return picture.objects.flatMap(({ id, category }) => {
    const phrases = draw(phrasesFor(id, picture.objects, picture.scene.size, { parts: spec.parts }), random);
    if (phrases.length === 0) return [];
    const owner = annotationId(picture.id, id);
    const sentences = phrases.map((sent, k) => ({
      sent_id: owner * 10 + k,
      sent,
      raw: sent,
      tokens: sent.split(" "),
    }));
    return [
      {
        ref_id: owner,
        ann_id: owner,
        image_id: picture.id,
        category_id: categoryId(category),
        file_name: `${picture.name}.jpg`,
        split: spec.split,
        sent_ids: sentences.map((sentence) => sentence.sent_id),
        sentences,
      },
    ];
  });
}

/** Returns the shortest phrase and random others. */
function draw(phrases: readonly string[], random: Prng): string[] {
  const [first, ...rest] = phrases;
  if (first === undefined) return [];
  const chosen = [first];
  while (chosen.length < MOST_PHRASES && rest.length > 0) chosen.push(...rest.splice(random.int(rest.length), 1));
  return chosen;
}
