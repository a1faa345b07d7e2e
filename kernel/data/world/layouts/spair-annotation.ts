import { obliqueness } from "../things/pose";
import type { Keypoint, Rendered } from "../draw/render";
import type { Scene, SceneObject } from "../scenes/scene";

interface Annotated {
  readonly name: string;
  readonly scene: Scene;
  readonly image: Rendered;
}

const round = (value: number): number => Math.round(value * 100) / 100;
const place = (point: Keypoint): [number, number] => [round(point.x), round(point.y)];

/** Hidden share of an object from which SPair's flags count it. */
const HIDDEN = 0.12;
/** Truncated share of an object from which SPair's flags count it. */
const CUT = 0.02;

/** Returns the indices of the keypoints visible in both images. */
export function sharedKeypoints(source: Rendered, target: Rendered): number[] {
  return source.keypoints.flatMap((point, id) => (point.visible && target.keypoints[id]?.visible ? [id] : []));
}

/** Returns the JSON of `ImageAnnotation/<category>/<name>.json`. */
export function imageAnnotation(name: string, scene: Scene, image: Rendered): object {
  const main = scene.objects[0] as SceneObject;
  return {
    filename: `${name}.jpg`,
    database: "world",
    image_width: image.width,
    image_height: image.height,
    image_depth: 3,
    category: image.category,
    pose: main.pose.mirrored ? "Left" : "Right",
    azimuth_id: main.pose.mirrored ? 6 : 2,
    truncated: Number(image.truncated > CUT),
    occluded: Number(image.occluded > HIDDEN),
    difficult: 0,
    bndbox: image.box,
    kps: Object.fromEntries(image.keypoints.map((point, id) => [String(id), point.visible ? place(point) : null])),
    keypoint_names: image.keypoints.map((point) => point.name),
    caption: image.captions.full,
    seed: scene.seed,
  };
}

/** Returns the JSON of `PairAnnotation/<split>/<name>.json`. */
export function pairAnnotation(line: string, id: number, source: Annotated, target: Annotated): object {
  const shared = sharedKeypoints(source.image, target.image);
  const points = ({ image }: Annotated): number[][] => shared.map((k) => place(image.keypoints[k] as Keypoint));
  const size = ({ image }: Annotated): number[] => [image.width, image.height, 3];
  const facing = ({ scene }: Annotated): string => ((scene.objects[0] as SceneObject).pose.mirrored ? "Left" : "Right");
  return {
    filename: line,
    pair_id: id,
    src_imname: `${source.name}.jpg`,
    trg_imname: `${target.name}.jpg`,
    src_imsize: size(source),
    trg_imsize: size(target),
    src_bndbox: source.image.box,
    trg_bndbox: target.image.box,
    category: source.image.category,
    src_pose: facing(source),
    trg_pose: facing(target),
    src_kps: points(source),
    trg_kps: points(target),
    kps_ids: shared.map(String),
    mirror: Number(facing(source) !== facing(target)),
    viewpoint_variation: viewpointVariation(source.scene, target.scene),
    scale_variation: scaleVariation(source.image, target.image),
    truncation: both(source.image.truncated > CUT, target.image.truncated > CUT),
    occlusion: both(source.image.occluded > HIDDEN, target.image.occluded > HIDDEN),
  };
}

/** Returns 0 for neither, 1 for the source, 2 for the target, 3 for both. */
function both(source: boolean, target: boolean): number {
  return Number(source) + 2 * Number(target);
}

/** Returns 0 for similar, 1 for turned or oblique, 2 for mirrored or strongly turned views. */
function viewpointVariation(source: Scene, target: Scene): number {
  const [a, b] = [source.objects[0] as SceneObject, target.objects[0] as SceneObject];
  if (a.pose.mirrored !== b.pose.mirrored) return 2;
  const turn = Math.abs(a.pose.rotation - b.pose.rotation) * 6;
  const change = turn + Math.abs(obliqueness(a.pose) - obliqueness(b.pose));
  return change < 0.3 ? 0 : change < 0.6 ? 1 : 2;
}

/** Returns 0 up to a factor of 1.3 between the longer sides of the boxes, 1 up to 1.8, 2 above. */
function scaleVariation(source: Rendered, target: Rendered): number {
  const side = ({ box }: Rendered): number => Math.max(box[2] - box[0], box[3] - box[1], 1);
  const ratio = Math.max(side(source) / side(target), side(target) / side(source));
  return ratio < 1.3 ? 0 : ratio < 1.8 ? 1 : 2;
}
