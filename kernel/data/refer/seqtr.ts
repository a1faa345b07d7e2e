import type { Box } from "../../contracts/geometry";
import { cocoBox, type ReferChecker } from "./check";
import type { ReferExpression, ReferImage } from "./expression";

/** Name of a picture of COCO, which this layout does not write. */
const cocoName = (id: number): string => `COCO_train2014_${String(id).padStart(12, "0")}.jpg`;

/**
 * Reads SeqTR's `instances.json`: a list for each split, whose entries have one box and several expressions; in gRefCOCO's form a list of
 * boxes for each expression.
 */
export function readSeqtr(checker: ReferChecker, document: Record<string, unknown>): ReferExpression[] {
  return Object.entries(document).flatMap(([key, entries]) => {
    const split = checker.split(key, "the name of a split");
    return checker.each(checker.list(entries, `split ${split}`), (one, index) => {
      const entry = checker.record(one, `an entry of ${split}`);
      const name = `${split} ${index}`;
      const id = checker.whole(entry.image_id, `image_id of ${name}`);
      const image = checker.image(id, entry.file_name ?? cocoName(id), entry.width, entry.height);
      const phrases = checker.list(entry.expressions, `expressions of ${name}`);
      return phrases.map((phrase, k) => ({
        id: `${index}-${k}`,
        image,
        phrase: checker.phrase(phrase, `expression ${k} of ${name}`),
        boxes: boxesOf(checker, entry.bbox, image, { name, k, count: phrases.length }),
        split,
      }));
    });
  });
}

function boxesOf(
  checker: ReferChecker,
  value: unknown,
  image: ReferImage,
  { name, k, count }: { name: string; k: number; count: number },
): Box[] {
  const list = checker.list(value, `bbox of ${name}`);
  const isOne = list.length === 4 && list.every((one) => typeof one === "number");
  if (isOne) return [checker.box(list, image, name)];
  if (list.length !== count) checker.refuse(`bbox of ${name} must be a box, or boxes of each expression`, value);
  return checker
    .list(list[k], `bbox ${k} of ${name}`)
    .map((box) => checker.box(box, image, `expression ${k} of ${name}`));
}

/** Returns the document: expressions of one picture and the same box together, others in gRefCOCO's form. */
export function seqtrDocument(expressions: readonly ReferExpression[]): object {
  const splits = new Map<string, Map<string, ReferExpression[]>>();
  for (const expression of expressions) {
    const { split, image, boxes } = expression;
    const entries = splits.get(split) ?? new Map<string, ReferExpression[]>();
    splits.set(split, entries);
    const { id, fileName, width, height } = image;
    const key = JSON.stringify([id, fileName, width, height, boxes.length === 1 ? boxes[0] : "several"]);
    const known = entries.get(key);
    if (known) known.push(expression);
    else entries.set(key, [expression]);
  }
  return Object.fromEntries([...splits].map(([split, entries]) => [split, [...entries.values()].map(entryOf)]));
}

function entryOf(together: readonly ReferExpression[]): object {
  const [{ image, boxes }] = together;
  return {
    image_id: image.id,
    file_name: image.fileName,
    width: image.width,
    height: image.height,
    bbox: boxes.length === 1 ? cocoBox(boxes[0]) : together.map((one) => one.boxes.map(cocoBox)),
    expressions: together.map(({ phrase }) => phrase),
  };
}
