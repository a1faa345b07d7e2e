/** Rows of one width, such as the tokens of one image or one mean token for each image: `[rows, width]`, row-major. */
export interface TokenSet {
  readonly data: Float32Array;
  readonly width: number;
}
