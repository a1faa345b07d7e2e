/** Numbers as the law's displays and reasons write them. */

/** Formats a number; `-` where there is none. */
export const fixed = (value: number | null, digits: number): string => (value === null ? "-" : value.toFixed(digits));

/** Formats a share in percent. */
export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
