import type { RawImage } from "../../data/image";
import type { MimeBundle } from "../../display/host";
import { paintTask, simplexCorners, simplexPoint } from "../../protocol/atlas/arithmetic";
import { AtlasValues, type AtlasPayload, meanWeights } from "../../protocol/atlas/payload";
import { cssColor, SERIES, STILL_INK } from "../../protocol/core/figure";
import type { Point } from "../../protocol/core/geometry";
import { drawRows, wordsOf } from "../draw/figure/rows";
import { type Drawn, label, tag } from "../draw/figure/svg";
import { fitSize, fittingStill, pictureTile } from "../draw/pictures";

/** Sides of the tiles that are tried. */
const SIDES = [96, 80, 64, 48];

/** The picture with the simplex, the maps of all levels, and predictions above labels. */
export function drawAtlas(payload: AtlasPayload, image: RawImage, characters: number): Promise<MimeBundle> {
  return fittingStill(SIDES, characters, (side) => drawAt(payload, image, side));
}

async function drawAt(payload: AtlasPayload, image: RawImage, side: number): Promise<string> {
  const { title, tasks, current, experts, levels, grid, size } = payload;
  const values = new AtlasValues(payload);
  const tile = (raw: RawImage, caption: string): Promise<Drawn> => pictureTile(raw, fitSize(raw, side), { caption });
  const cells = grid[0] * grid[1] * 3;
  const maps: Drawn[][] = [];
  for (const [l, level] of levels.entries()) {
    const row: Drawn[] = [];
    for (const [e, expert] of experts.entries()) {
      const data = values.maps.slice((l * experts.length + e) * cells, (l * experts.length + e + 1) * cells);
      row.push(await tile({ data, height: grid[0], width: grid[1], channels: 3 }, `${level}: ${expert}`));
    }
    maps.push(row);
  }
  const painted = (task: number, shown: Float32Array): RawImage => {
    const { kind, range } = tasks[task];
    const data = Uint8Array.from(paintTask(kind, shown, range)).filter((_, i) => i % 4 < 3);
    return { data, height: size[0], width: size[1], channels: 3 };
  };
  const [predicted, labels]: [Drawn[], Drawn[]] = [[], []];
  for (const [t, { name }] of tasks.entries()) {
    const truth = values.truth(t);
    predicted.push(await tile(painted(t, values.own(t)), name));
    if (truth) labels.push(await tile(painted(t, truth), `${name}, label`));
  }
  const heading = { text: title || "Bias atlas", size: 15, weight: "bold" as const };
  const words = `The point is the router of ${tasks[current].name}, mean over the levels; rows are levels, columns the stem and the teachers' paths.`;
  const top = [await tile(image, "picture"), simplexOf(payload, Math.round(1.2 * side))];
  return drawRows([[wordsOf([heading, { text: words }], 5.5 * side)], top, ...maps, predicted, labels]).svg;
}

/** The router's point among the other pictures'. */
function simplexOf({ experts, tasks, current }: AtlasPayload, side: number): Drawn {
  const [room, edge] = [60, 16];
  const at = ([x, y]: Point): Point => [room + x * side, edge + y * side];
  const corners = simplexCorners(experts.length).map(at);
  const task = tasks[current];
  const dot = (weights: readonly number[], r: number, color: string): string => {
    const [cx, cy] = at(simplexPoint(weights));
    return tag("circle", { cx, cy, r, fill: color });
  };
  const others = Array.from({ length: task.others.length / experts.length }, (_, i) =>
    dot(task.others.slice(i * experts.length, (i + 1) * experts.length), 2, cssColor(STILL_INK, 0.4)),
  );
  const parts = [
    tag("polygon", {
      points: corners.map((one) => one.join(",")).join(" "),
      fill: "none",
      stroke: cssColor(STILL_INK),
    }),
    ...others,
    dot(meanWeights(task, experts.length), 6, cssColor(SERIES[1])),
    ...corners.map(([x, y], e) =>
      label(experts[e], x + (x > room + side / 2 ? 4 : -edge), y + (y > side / 2 ? 14 : -4), { size: 11 }),
    ),
  ];
  return { width: side + 2 * room, height: side + 2 * edge, parts };
}
