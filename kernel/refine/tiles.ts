import type { Grid } from "../contracts/geometry";
import { ImageError, type RawImage } from "../data/image";
import { resample } from "../encoders/preprocess/resample";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { RefineError } from "./error";

/** Options of {@link tileGrid} and {@link tilePicture}. */
export interface TileOptions {
  /** Side of a tile in pixels, at most 8192. Default 448. */
  tileSize?: number;
  /** Fewest tiles. Default 1. */
  minTiles?: number;
  /** Most tiles without the thumbnail, at most 1024. Default 12. */
  maxTiles?: number;
  /** Add the whole picture as a last tile where there are several. Default true. */
  thumbnail?: boolean;
}

/** Tiles of a picture. */
export interface PictureTiles {
  /** Square tiles row by row, then the thumbnail. */
  tiles: RawImage[];
  /** Rows and columns of tiles. */
  grid: Grid;
}

const NAMES: OptionNames<TileOptions> = { tileSize: true, minTiles: true, maxTiles: true, thumbnail: true };

/** Bounds that keep the search for a grid and the tiles of a picture within time and memory. */
const [MOST_TILES, MOST_SIDE] = [1024, 8192];

function optionsOf(fn: string, options: TileOptions): Required<TileOptions> {
  checkOptionNames(fn, options, NAMES, RefineError);
  const { tileSize = 448, minTiles = 1, maxTiles = 12, thumbnail = true } = options;
  for (const [name, value] of Object.entries({ tileSize, minTiles, maxTiles })) {
    const most = name === "tileSize" ? MOST_SIDE : MOST_TILES;
    if (!Number.isInteger(value) || value < 1 || value > most)
      throw new RefineError(fn, `${name} must be a whole number of 1 to ${most}`, value);
  }
  if (minTiles > maxTiles) throw new RefineError(fn, `minTiles must be at most maxTiles (${maxTiles})`, minTiles);
  return { tileSize, minTiles, maxTiles, thumbnail };
}

/**
 * Returns the rows and columns of tiles for a picture: of all grids with `minTiles` to `maxTiles` tiles the one whose aspect is nearest
 * to the picture's. Of grids with equal aspect the larger wins where the picture has more than half of its pixels (dynamic resolution of
 * arXiv 2404.16821, section 3.3, which SAILViT's variant for any resolution uses).
 *
 * @param size width and height in pixels
 * @throws RefineError for an illegal size or option
 */
export function tileGrid(
  size: { readonly width: number; readonly height: number },
  options: TileOptions = {},
): [rows: number, columns: number] {
  const fn = "refine.tileGrid";
  const { tileSize, minTiles, maxTiles } = optionsOf(fn, options);
  const { width, height } = (size as Partial<typeof size> | null) ?? {};
  if (!isSide(width) || !isSide(height))
    throw new RefineError(fn, "a picture must have width and height", [width ?? null, height ?? null]);
  let best: [rows: number, columns: number] = [1, 1];
  let distance = Infinity;
  for (const [rows, columns] of gridsOf(minTiles, maxTiles)) {
    const off = Math.abs(width / height - columns / rows);
    const isFilled = width * height > 0.5 * tileSize ** 2 * rows * columns;
    if (off < distance || (off === distance && isFilled)) [best, distance] = [[rows, columns], off];
  }
  return best;
}

const isSide = (value: unknown): value is number => Number.isFinite(value) && (value as number) >= 1;

/** All grids of some numbers of tiles: fewer tiles first, then fewer columns. */
function gridsOf(least: number, most: number): [rows: number, columns: number][] {
  const grids: [rows: number, columns: number][] = [];
  for (let count = least; count <= most; count++)
    for (let columns = 1; columns <= count; columns++)
      if (count % columns === 0) grids.push([count / columns, columns]);
  return grids;
}

/**
 * Cuts a picture into square tiles for {@link RefineModel}: it is stretched to the grid of {@link tileGrid} (bicubic, as Pillow) and cut
 * row by row; where there are several tiles, a thumbnail of the whole picture follows (arXiv 2404.16821, section 3.3).
 *
 * @throws RefineError for an illegal option @throws ImageError for a picture that is not RGB
 */
export function tilePicture(picture: RawImage, options: TileOptions = {}): PictureTiles {
  const { tileSize, thumbnail } = optionsOf("refine.tilePicture", options);
  const grid = tileGrid(picture, options);
  const { data, width, height } = picture;
  if ((data as Uint8Array | undefined)?.length !== 3 * width * height)
    throw new ImageError("refine.tilePicture", "a picture must hold 3 bytes a pixel", [
      (data as Uint8Array | undefined)?.length ?? null,
      width,
      height,
    ]);
  const [rows, columns] = grid;
  const [wide, tall] = [columns * tileSize, rows * tileSize];
  const tiles: RawImage[] = [];
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const window = { left: column * tileSize, top: row * tileSize, width: tileSize, height: tileSize };
      tiles.push(resample(picture, wide, tall, "bicubic", window));
    }
  if (thumbnail && tiles.length > 1) tiles.push(resample(picture, tileSize, tileSize, "bicubic"));
  return { tiles, grid };
}
