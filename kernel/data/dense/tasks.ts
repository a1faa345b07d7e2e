/** Names of the dense tasks. */
export const TASKS = ["semseg", "parts", "saliency", "normals", "boundary", "depth"] as const;

/** A dense task: one label for each pixel of a picture. */
export type DenseTask = (typeof TASKS)[number];

/** Label value of a pixel that counts in no loss and no score. */
export const IGNORE = 255;
