import type { RawImage } from "../../data/image";
import type { MimeBundle } from "../../display/host";
import { type HeadNumbers, queryRows, tokensOfShape } from "../../protocol/attention/arithmetic";
import { attentionEnds, type AttentionPayload, queryText } from "../../protocol/attention/payload";
import { type GridPlacement, patchCenter, patchSize } from "../../protocol/core/geometry";
import type { Mark } from "../../protocol/core/scene";
import { counted, ENGLISH } from "../../protocol/core/words";
import { colorBar } from "../draw/figure/color-bar";
import { drawRows, wordsOf } from "../draw/figure/rows";
import { type DrawnHeat, heatCells, heatColor, markParts } from "../draw/overlay";
import { fitSize, fittingStill, pictureTile } from "../draw/pictures";
import type { LayerAttention } from "./source";
import { argmax } from "../../numeric";
import type { Drawn } from "../draw/figure/svg";

/** Longest sides of the enlarged head that are tried, and the share of it that a small head has. */
const [SIDES, SMALL] = [[320, 240, 176], 0.36];
/** Small heads in a row beside the enlarged one, and the most that are drawn. */
const [COLUMNS, MOST] = [4, 16];

/** The head shown first, enlarged, beside all heads of its layer under one query, with their numbers. */
export function drawAttention(
  payload: AttentionPayload,
  image: RawImage,
  attention: LayerAttention,
  bytes: number,
): Promise<MimeBundle> {
  const rows = queryRows(attention.data, attention.shape, payload.query);
  return fittingStill(SIDES, bytes, (side) => drawHeads(payload, image, attention, rows, side));
}

async function drawHeads(
  payload: AttentionPayload,
  image: RawImage,
  { shape, region }: LayerAttention,
  rows: Float32Array,
  side: number,
): Promise<string> {
  const { query, head, prefix } = payload;
  const placement: GridPlacement = { grid: shape.grid, region };
  const patch = query - prefix;
  const isPatch = patch >= 0 && patch < shape.grid[0] * shape.grid[1];
  const cursor: Mark[] = isPatch
    ? [{ kind: "patch", at: patchCenter(placement, patch), size: patchSize(placement), cursor: false }]
    : [];
  const heats = headHeats(payload, rows, shape, placement);
  const numbers = payload.numbers[payload.picture][payload.layer];
  const large = await headTile(image, heats[head], cursor, fitSize(image, side), "");
  const size = fitSize(image, Math.round(side * SMALL));
  const small = await Promise.all(
    heats.slice(0, MOST).map((heat, i) => headTile(image, heat, cursor, size, headText(i, numbers[i]))),
  );
  const bar = colorBar({ range: heats[head].range, colorOf: heatColor(heats[head]), title: "attention" }, large.height);
  const grid = inGrid(small);
  const layer = payload.layers[payload.layer].layer;
  const title = payload.title || "Attention";
  const about = `${payload.encoder}, layer ${layer}, head ${head + 1} of ${shape.heads}; query: ${queryText(ENGLISH, shape, query)}`;
  const left = shape.heads - small.length;
  const key = `Small: every head by its number, with entropy (0 one token, 1 all alike) and mean distance${left > 0 ? `; ${left} more heads are not drawn` : ""}.`;
  const width = large.width + bar.width + grid.width + 32;
  return drawRows([
    [wordsOf([{ text: title, size: 15, weight: "bold" }, { text: about }], width)],
    [large, bar, grid],
    [wordsOf([{ text: key }], width)],
  ]).svg;
}

function headText(head: number, { entropy, distance }: HeadNumbers): string {
  return `${head + 1}: ${entropy.toFixed(2)}, ${Math.round(100 * distance)} %`;
}

function headHeats(
  { scale, colormap, opacity }: AttentionPayload,
  rows: Float32Array,
  shape: LayerAttention["shape"],
  placement: GridPlacement,
): DrawnHeat[] {
  const tokens = tokensOfShape(shape);
  return attentionEnds(rows, shape, scale).map((end, head) => ({
    values: rows.subarray(head * tokens + shape.prefix, (head + 1) * tokens),
    placement,
    range: [0, end],
    colormap,
    opacity,
    title: "",
  }));
}

function headTile(
  image: RawImage,
  heat: DrawnHeat,
  marks: readonly Mark[],
  size: [number, number],
  caption: string,
): Promise<Drawn> {
  const scale = size[0] / image.width;
  const over = [...heatCells(heat, size, scale), ...markParts(marks, scale)];
  return pictureTile(image, size, { caption, over });
}

/** Tiles of one size in rows. */
function inGrid(tiles: readonly Drawn[]): Drawn {
  const [width, height] = [tiles[0].width + 8, tiles[0].height + 4];
  const parts = tiles.map(({ parts: own }, i) => {
    const place = `translate(${(i % COLUMNS) * width} ${Math.floor(i / COLUMNS) * height})`;
    return `<g transform="${place}">${own.join("")}</g>`;
  });
  const columns = Math.min(COLUMNS, tiles.length);
  return { width: columns * width - 8, height: Math.ceil(tiles.length / COLUMNS) * height, parts };
}

/** Describes the view in words: the computation, and every head of the layer shown first. */
export function describeAttention(payload: AttentionPayload, { data, shape }: LayerAttention): string {
  const { title, encoder, device, pictures, layers, prefix, grid, query } = payload;
  const tokens = tokensOfShape(shape);
  const rows = queryRows(data, shape, query);
  const numbers = payload.numbers[payload.picture][payload.layer];
  const heads = numbers.map(({ entropy, distance }, head) => {
    const row = rows.subarray(head * tokens + prefix, (head + 1) * tokens);
    const best = argmax(row);
    const where = queryText(ENGLISH, shape, prefix + best);
    return `  head ${head + 1}: most on ${where}, ${row[best].toFixed(3)}; entropy ${entropy.toFixed(2)}, mean distance ${Math.round(100 * distance)} %`;
  });
  const at = `${counted(layers.length, "layer")} [${layers.map(({ layer }) => layer).join(", ")}]`;
  return [
    `${title ? `${title}: ` : ""}attention of ${encoder} on ${device}, ${counted(pictures.length, "picture")}, ${at}, ${grid.join(" x ")} patches after ${counted(prefix, "prefix token")}`,
    `layer ${layers[payload.layer].layer}, query: ${queryText(ENGLISH, shape, query)}`,
    ...heads,
  ].join("\n");
}
