import { categories } from "./categories";

/** Words of place, by which alone parts of one kind differ. */
const PLACES = /\b(left|right|front|back|rear|hind|upper|lower|top|bottom|near|far|first|middle|last|third|door)\b ?/g;

/**
 * Groups of keypoint ids by category whose names differ only in their place, such as "left wing" and "right wing".
 * Features may confuse them, and the geometry-aware subset of `law.cScore` consists of them. Categories without such
 * parts are left out.
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
