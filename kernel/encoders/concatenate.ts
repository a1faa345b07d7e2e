import { checkArguments } from "../rules/arguments";
import { unitRows } from "../numeric";
import { EncoderError } from "./errors";
import { FeatureMap } from "./feature-map";

/**
 * Joins several encoders on one grid: each token of each map is scaled to unit length, channels are concatenated, and
 * the result is scaled to unit length again (combined encoders of the Law paper, arXiv 2408.16357).
 *
 * @param maps maps of the same images and grid, with any channels
 * @returns a map in `NLC` with the layer of the first map
 * @throws EncoderError when batches or grids differ
 */
export function concatenate(maps: readonly FeatureMap[]): FeatureMap {
  const fn = "encoders.concatenate";
  checkArguments(fn, EncoderError, { maps }, { maps: [{ grid: "array", tokens: "function" }] });
  const [first] = maps;
  if (!first) throw new EncoderError(fn, "at least one feature map is needed", "[]");
  for (const map of maps) checkAlike(fn, first, map);
  const count = first.grid[0] * first.grid[1];
  const channels = maps.reduce((sum, map) => sum + map.channels, 0);
  const data = new Float32Array(first.batch * count * channels);
  let offset = 0;
  for (const map of maps) {
    for (let b = 0; b < map.batch; b++)
      put(data, unitRows(map.tokens(b), map.channels), b * count, channels, offset, map.channels);
    offset += map.channels;
  }
  const encoder = maps.map((map) => map.encoder).join(" + ");
  const { device, grid, geometry, layer, batch } = first;
  return new FeatureMap({
    data: unitRows(data, channels),
    dims: [batch, count, channels],
    format: "NLC",
    layer,
    encoder,
    device,
    grid,
    channels,
    geometry,
  });
}

function checkAlike(fn: string, a: FeatureMap, b: FeatureMap): void {
  if (a.batch !== b.batch) throw new EncoderError(fn, `maps must be of the same ${a.batch} images`, b.batch);
  if (a.grid[0] !== b.grid[0] || a.grid[1] !== b.grid[1])
    throw new EncoderError(
      fn,
      `maps must share the grid ${a.grid.join(" x ")}, load an encoder with another inputSize`,
      b.grid.join(" x "),
    );
}

function put(
  target: Float32Array,
  rows: Float32Array,
  first: number,
  channels: number,
  offset: number,
  width: number,
): void {
  for (let n = 0; n * width < rows.length; n++)
    target.set(rows.subarray(n * width, (n + 1) * width), (first + n) * channels + offset);
}
