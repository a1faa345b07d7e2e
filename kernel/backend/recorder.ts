/** Name of the device that records a model's operations instead of computing them. */
export const RECORDER = "fovea-recorder";
