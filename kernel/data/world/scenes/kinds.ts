/** Structure of what functions of the world read, for `checkArguments`. */

const BLOBS = [{ outline: ["list"] }] as const;

/** A scene. */
export const SCENE_KIND = {
  backdrop: { horizon: "list", sky: "array", clutter: BLOBS },
  objects: [{ category: "string", texture: "object", pose: "object" }],
  occluders: BLOBS,
} as const;

/** A rendered scene. */
export const IMAGE_KIND = { width: "number", height: "number", instances: "list", parts: "list" } as const;

/** An object as it is seen. */
export const FACT_KIND = { box: "list" } as const;
