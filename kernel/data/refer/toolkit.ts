import { areaOfBox, cocoBox, type ReferChecker } from "./check";
import type { ReferExpression, ReferImage } from "./expression";
import { describeValue } from "../../rules/rule-error";

/** Boxes and pictures of an `instances.json`. */
interface Instances {
  images: Map<number, ReferImage>;
  boxes: Map<number, Annotation>;
}

interface Annotation {
  /** Picture of the box, where the file names it. */
  image: unknown;
  bbox: unknown;
}

/** Number that stands in gRefCOCO for an expression without target. */
const NO_TARGET = -1;

/**
 * Reads the `refer` toolkit's references, in which `ann_id` is one annotation, or gRefCOCO's, in which it is a list.
 *
 * @param refs checker of the file of references
 * @param instances checker of COCO's file of pictures and boxes
 */
export function readToolkit(
  refs: ReferChecker,
  references: unknown,
  instances: ReferChecker,
  document: unknown,
): ReferExpression[] {
  const known = readInstances(instances, document);
  const seen = new Set<object>();
  // A pickle may name one part many times: a small file would become expressions and boxes without end.
  const once = <T extends object>(part: T, what: string): T =>
    seen.has(part) ? refs.refuse(`${what} must be a part of its own`, part) : (seen.add(part), part);
  return refs.each(refs.list(references, "the references"), (one) => {
    const entry = once(refs.record(one, "a reference"), "a reference");
    const name = `reference ${describeValue(entry.ref_id)}`;
    const image = known.images.get(refs.whole(entry.image_id, `image_id of ${name}`));
    if (!image) return refs.refuse(`image_id of ${name} must be in ${instances.file}`, entry.image_id);
    const split = refs.split(entry.split, `split of ${name}`);
    if (Array.isArray(entry.ann_id)) once(entry.ann_id, `ann_id of ${name}`);
    const boxes = annotationsOf(refs, entry.ann_id, name).map((id) => {
      const found = known.boxes.get(id);
      if (!found) return refs.refuse(`ann_id of ${name} must be in ${instances.file}`, id);
      if (found.image !== undefined && found.image !== image.id)
        return refs.refuse(`annotation ${id} of ${name} must be of its picture, ${image.id}`, found.image);
      return refs.box(found.bbox, image, `${name}, annotation ${id}`);
    });
    return refs.list(entry.sentences, `sentences of ${name}`).map((sentence, k) => {
      const { sent, sent_id: id } = once(refs.record(sentence, `sentence ${k} of ${name}`), `sentence ${k} of ${name}`);
      const phrase = refs.phrase(sent, `sentence ${k} of ${name}`);
      return { id: String(refs.whole(id, `sent_id of ${name}`)), image, phrase, boxes, split };
    });
  });
}

function readInstances(checker: ReferChecker, value: unknown): Instances {
  const document = checker.record(value, "the document");
  const images = new Map<number, ReferImage>();
  for (const one of checker.list(document.images, "images")) {
    const { id, file_name: fileName, width, height } = checker.record(one, "an image");
    const image = checker.image(id, fileName, width, height);
    putOnce(checker, images, image.id, image, "images");
  }
  const boxes = new Map<number, Annotation>();
  for (const one of checker.list(document.annotations, "annotations")) {
    const { id, bbox, image_id: image } = checker.record(one, "an annotation");
    putOnce(checker, boxes, checker.whole(id, "the id of an annotation"), { image, bbox }, "annotations");
  }
  return { images, boxes };
}

/** Refuses two values of one id, of which a reference could mean either; the same value twice does no harm. */
function putOnce<T extends object>(
  checker: ReferChecker,
  all: Map<number, T>,
  id: number,
  value: T,
  what: string,
): void {
  const known = all.get(id);
  if (known && !isSame(known, value)) checker.refuse(`${what} of one id must be the same`, id);
  all.set(id, value);
}

/** Compares values, and lists of them; what lies deeper is no box. */
function isSame(one: object, other: object): boolean {
  const [own, others] = [one, other].map((value) => Object.values(value).flat() as unknown[]);
  return own.length === others.length && own.every((value, i) => Object.is(value, others[i]));
}

function annotationsOf(checker: ReferChecker, value: unknown, name: string): number[] {
  const ids = (Array.isArray(value) ? (value as unknown[]) : [value]).map((id) =>
    checker.whole(id, `ann_id of ${name}`),
  );
  return ids.filter((id) => id !== NO_TARGET);
}

/** Returns references and instances of expressions; `several` writes gRefCOCO's lists. */
export function toolkitDocuments(
  expressions: readonly ReferExpression[],
  several: boolean,
): { references: object[]; instances: object } {
  const images = new Map(expressions.map(({ image }) => [image.id, image]));
  const annotations: object[] = [];
  const references = expressions.map(({ image, phrase, boxes, split }, id) => {
    const own = boxes.map((box) => {
      annotations.push(annotation(annotations.length + 1, image.id, box));
      return annotations.length;
    });
    return {
      ref_id: id,
      image_id: image.id,
      file_name: image.fileName,
      split,
      ann_id: several ? (own.length ? own : [NO_TARGET]) : own[0],
      category_id: several ? (own.length ? own.map(() => 1) : [NO_TARGET]) : 1,
      sent_ids: [id],
      sentences: [{ sent_id: id, sent: phrase, raw: phrase, tokens: phrase.split(" ") }],
    };
  });
  const pictures = [...images.values()].map(({ id, fileName, width, height }) => ({
    id,
    file_name: fileName,
    width,
    height,
  }));
  const categories = [{ supercategory: "object", id: 1, name: "object" }];
  return { references, instances: { info: {}, images: pictures, annotations, categories } };
}

const annotation = (id: number, image: number, box: ReferExpression["boxes"][number]): object => ({
  id,
  image_id: image,
  category_id: 1,
  bbox: cocoBox(box),
  area: areaOfBox(box),
  iscrowd: 0,
});
