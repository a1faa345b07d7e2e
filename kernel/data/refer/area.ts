import type { Box } from "../../contracts/geometry";

/** Returns the number of pixels in a box. */
export const areaOfBox = ([left, top, right, bottom]: Box): number => (right - left) * (bottom - top);
