import { areaOfBox, cocoBox, type ReferChecker } from "./check";
import type { ReferExpression } from "./expression";

/** Reads MDETR's COCO-like file: an entry of `images` is one expression, its annotations are the targets. */
export function readMdetr(checker: ReferChecker, document: Record<string, unknown>, split: string): ReferExpression[] {
  const targets = new Map<unknown, unknown[]>();
  for (const one of checker.list(document.annotations, "annotations")) {
    const { image_id: image, bbox } = checker.record(one, "an annotation");
    const known = targets.get(image);
    if (known) known.push(bbox);
    else targets.set(image, [bbox]);
  }
  const entries = checker.list(document.images, "images");
  const known = timesOfIds(entries);
  const expressions = checker.each(entries, (one) => {
    const entry = checker.record(one, "an entry of images");
    const id = checker.whole(entry.id, "the id of an expression");
    // Annotations could belong to either.
    if ((known.get(id) ?? 0) > 1) checker.refuse("entries of images must have different ids", id);
    const image = checker.image(entry.original_id ?? id, entry.file_name, entry.width, entry.height);
    const phrase = checker.phrase(entry.caption, `the caption of expression ${id}`);
    const boxes = (targets.get(id) ?? []).map((box) => checker.box(box, image, `expression ${id}`));
    return [{ id: String(id), image, phrase, boxes, split }];
  });
  const stray = [...targets.keys()].filter((id) => !known.has(id));
  checker.each(stray, (id) => checker.refuse("annotations must belong to an entry of images", id));
  return expressions;
}

/** Returns how many entries have each id. */
function timesOfIds(entries: readonly unknown[]): Map<unknown, number> {
  const times = new Map<unknown, number>();
  for (const entry of entries) {
    const { id } = Object(entry) as { id?: unknown };
    times.set(id, (times.get(id) ?? 0) + 1);
  }
  return times;
}

/** Returns the document of one split. */
export function mdetrDocument(expressions: readonly ReferExpression[]): object {
  const boxes = expressions.flatMap((expression, id) => expression.boxes.map((box) => ({ id, box, expression })));
  return {
    info: [],
    licenses: [],
    images: expressions.map(({ image, phrase }, id) => ({
      file_name: image.fileName,
      height: image.height,
      width: image.width,
      id,
      original_id: image.id,
      caption: phrase,
      dataset_name: "refexp",
      tokens_negative: [[0, phrase.length]],
    })),
    annotations: boxes.map(({ id: image, box, expression: { phrase } }, id) => ({
      id,
      image_id: image,
      category_id: 1,
      bbox: cocoBox(box),
      area: areaOfBox(box),
      iscrowd: 0,
      tokens_positive: [[0, phrase.length]],
    })),
    categories: [{ supercategory: "object", id: 1, name: "object" }],
  };
}
