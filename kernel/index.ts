/** Everything a notebook may import from `"fovea"`. */
export {};
