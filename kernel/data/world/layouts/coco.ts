import { categories, categoryId, parts as partNames } from "../things/categories";
import type { Box } from "../../../contracts/geometry";
import { placeKeypoints } from "../draw/render";
import type { SceneObject } from "../scenes/scene";
import { jpegOf, jsonOf, layoutOf, type Picture, type WriteSpec } from "./picture";

/** Run lengths of a mask, column by column, zeros first: COCO's uncompressed form. */
export interface RunLengths {
  readonly size: readonly [height: number, width: number];
  readonly counts: readonly number[];
}

/** A mask with its box `[x, y, width, height]`. */
export interface CocoMask {
  readonly id: number;
  readonly image_id: number;
  readonly category_id: number;
  readonly segmentation: RunLengths;
  readonly area: number;
  readonly bbox: readonly [number, number, number, number];
  readonly iscrowd: 0;
}

interface CocoInstance extends CocoMask {
  /** Keypoints of the category: x, y and visibility (2 visible, 1 hidden, 0 outside the image) of each. */
  readonly keypoints: readonly number[];
  readonly num_keypoints: number;
}

/** An image of a COCO file. */
export interface CocoImage {
  readonly id: number;
  readonly file_name: string;
  readonly width: number;
  readonly height: number;
}

interface CocoRecord {
  readonly image: CocoImage;
  readonly instances: readonly CocoInstance[];
  readonly parts: readonly (CocoMask & { readonly instance_id: number })[];
  readonly caption: string;
}

/** Layout of COCO: masks, boxes and keypoints of objects, masks of parts, and captions. */
export const coco = layoutOf<CocoRecord>({
  files: async (picture, spec) => [[`${spec.split}/${picture.name}.jpg`, await jpegOf(picture)]],
  record: (picture) => ({
    image: imageOf(picture),
    instances: instancesOf(picture),
    parts: picture.objects.flatMap(({ id }) => partsOf(picture, id)),
    caption: picture.image.captions.full,
  }),
  documents: (records, spec) => [
    [
      `annotations/instances_${spec.split}.json`,
      jsonOf(document(records, objectCategories(), (r) => r.instances, spec)),
    ],
    [`annotations/parts_${spec.split}.json`, jsonOf(document(records, partCategories(), (r) => r.parts, spec))],
    [`annotations/captions_${spec.split}.json`, jsonOf(document(records, undefined, captionsOf, spec))],
  ],
});

/** Returns the image's entry. */
export function imageOf({ id, name, image }: Picture): CocoImage {
  return { id, file_name: `${name}.jpg`, width: image.width, height: image.height };
}

/** Returns a COCO file of images and their annotations. */
export function document<R extends { readonly image: CocoImage }>(
  records: readonly R[],
  kinds: readonly object[] | undefined,
  annotations: (record: R) => readonly object[],
  spec: WriteSpec,
): object {
  return {
    info: { description: "synthetic world", version: "1", ...spec },
    licenses: [],
    images: records.map((record) => record.image),
    annotations: records.flatMap(annotations),
    ...(kinds ? { categories: kinds } : {}),
  };
}

/** Returns the categories of objects, with the names of their keypoints. */
export function objectCategories(): object[] {
  return categories.map(({ name, keypoints }) => ({
    id: categoryId(name),
    name,
    supercategory: "object",
    keypoints,
    skeleton: [],
  }));
}

function partCategories(): object[] {
  return partNames.flatMap((name, id) => (id === 0 ? [] : [{ id, name, supercategory: "part" }]));
}

const captionsOf = ({ image, caption }: CocoRecord): object[] => [{ id: image.id, image_id: image.id, caption }];

/** Returns the id of the annotation of object k in image i, i * 100 + k. */
export function annotationId(image: number, object: number): number {
  return image * 100 + object;
}

/** Returns masks, boxes and keypoints of the visible objects. */
export function instancesOf(picture: Picture): CocoInstance[] {
  const { instances } = picture.image;
  return picture.objects.map(({ id, category }) => {
    const object = picture.scene.objects[id - 1] as SceneObject;
    const { size } = picture.scene;
    const points = placeKeypoints(object, id, size, instances);
    const isInside = (v: number): boolean => v >= 0 && v < size;
    const keypoints = points.flatMap(({ x, y, visible }) =>
      isInside(x) && isInside(y) ? [round(x), round(y), visible ? 2 : 1] : [0, 0, 0],
    );
    const mask = maskOf(picture, (at) => instances[at] === id);
    const ids = { id: annotationId(picture.id, id), image_id: picture.id, category_id: categoryId(category) };
    return { ...ids, ...mask, keypoints, num_keypoints: points.filter((point) => point.visible).length };
  });
}

const round = (value: number): number => Math.round(value * 100) / 100;

/** Returns the parts of an object; part type t of annotation a has the id a * 100 + t. */
function partsOf(picture: Picture, id: number): CocoRecord["parts"] {
  const { instances, parts } = picture.image;
  const owner = annotationId(picture.id, id);
  return partNames.flatMap((_, part) => {
    if (part === 0) return [];
    const mask = maskOf(picture, (at) => instances[at] === id && parts[at] === part);
    const ids = { id: owner * 100 + part, image_id: picture.id, category_id: part, instance_id: owner };
    return mask.area === 0 ? [] : [{ ...ids, ...mask }];
  });
}

type Mask = Pick<CocoMask, "segmentation" | "area" | "bbox" | "iscrowd">;

function maskOf({ image: { width, height } }: Picture, isOn: (at: number) => boolean): Mask {
  const counts: number[] = [];
  let [run, area, state] = [0, 0, false];
  let [x1, y1, x2, y2]: Box = [width, height, 0, 0];
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      const on = isOn(y * width + x);
      if (on !== state) {
        counts.push(run);
        [run, state] = [0, on];
      }
      run++;
      if (!on) continue;
      area++;
      [x1, y1, x2, y2] = [Math.min(x1, x), Math.min(y1, y), Math.max(x2, x + 1), Math.max(y2, y + 1)];
    }
  }
  counts.push(run);
  const bbox = area === 0 ? ([0, 0, 0, 0] as const) : ([x1, y1, x2 - x1, y2 - y1] as const);
  return { segmentation: { size: [height, width], counts }, area, bbox, iscrowd: 0 };
}
