/** `0.5` as `50.0 %`; `none` of a share of nothing. */
export const percent = (share: number): string => (Number.isFinite(share) ? `${(100 * share).toFixed(1)} %` : "none");
