import { categories } from "./categories";

/** Words that tell parts of one kind apart by their place alone. */
const PLACES = /\b(left|right|front|back|rear|hind|upper|lower|top|bottom|near|far|first|middle|last|third|door)\b ?/g;

/**
 * By category: groups of keypoint ids whose names differ in their place only, such as "left wing" and "right wing": what features may
 * confuse, and what the geometry-aware subset of `law.cScore` is made of. Categories without such parts are left out.
 */
export const lookAlikes: Readonly<Record<string, readonly (readonly string[])[]>> = Object.fromEntries(
  categories.flatMap(({ name, keypoints }) => {
    const byKind = new Map<string, string[]>();
    keypoints.forEach((keypoint, id) => {
      const kind = keypoint.replace(PLACES, "").trim();
      byKind.set(kind, [...(byKind.get(kind) ?? []), String(id)]);
    });
    const groups = [...byKind.values()].filter((ids) => ids.length >= 2);
    return groups.length > 0 ? [[name, groups]] : [];
  }),
);
