import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { View } from "../../display/display";
import type { JSONValue, MimeBundle } from "../../display/host";
import { clamp, encodeFloat16, joinFloats, least, most } from "../../numeric";
import { platform } from "../../platform";
import { atlasNodes, decodeTask, nodeWeights, shownChannels } from "../../protocol/atlas/arithmetic";
import { ATLAS_MIME, type AtlasPayload, type SavedAtlasTask } from "../../protocol/atlas/payload";
import { base64Encode } from "../../protocol/core/base64";
import { ViewError } from "../../protocol/core/error";
import type { Grid } from "../../protocol/core/geometry";
import { MAX_SAVED_BYTES } from "../../protocol/core/saved";
import { encodeJpeg } from "../draw/pictures";
import { keepLive } from "../live";
import { principalComponents, project } from "../../numeric/components";
import { type AtlasSourceLike, type AtlasTaskLike, checkSource } from "./input";
import { drawAtlas } from "./picture";
import { resample } from "./resample";
import { serveAtlas } from "./serve";
import { describeAtlas } from "./text";

export type { AtlasSourceLike, AtlasTaskLike } from "./input";

/** Options of `view.atlas`. */
export interface AtlasOptions {
  /** Title. Default: none. */
  title?: string;
  /** Task shown first. Default: the first. */
  task?: string;
  /** Gains of a probe over a reference in percent, by task: [levels][experts], to be shown in place of the maps. Default: none. */
  gains?: Readonly<Record<string, readonly (readonly number[])[]>>;
}

const NAMES: OptionNames<AtlasOptions> = {
  title: true,
  task: true,
  gains: true,
};

/** Atlas of a student's biases. Show it as the last value of a cell, or by `display`. */
export class AtlasView extends View {
  constructor(
    bundle: MimeBundle,
    /** Names the view on the comm. */
    readonly id: string,
    /** Frees the student; the viewer then shows the saved predictions. */
    readonly dispose: () => void,
  ) {
    super(bundle);
  }
}

const WHERE = "view.atlas";
/** Bytes of the saved mixtures before base64, and the largest side of a saved prediction. */
const [MIXTURE_BYTES, MOST_SIDE] = [84_000, 32];
const MOST_OTHERS = 200;

/**
 * Shows the features of a student of several teachers and their mixture by routers (arXiv 2410.14633): a picture, the features of the stem and of each
 * teacher's path at each level, the router as a point between them with its distribution over other pictures, and predictions beside the
 * labels. Weights can be set by hand and teachers switched off: the kernel predicts at full size, a saved notebook at a reduced one
 * between saved mixtures. The bundle holds an interactive view, a PNG and a text, at most 300 KB.
 *
 *     await view.atlas(await sak.atlasOf(student, { picture, preprocess, labels }));
 *
 * @throws ViewError for a source that does not fit together, or an unknown task
 */
export async function atlas(source: AtlasSourceLike, options: AtlasOptions = {}): Promise<AtlasView> {
  checkOptionNames("view.atlas", options, NAMES, ViewError);
  checkSource(WHERE, source);
  const { tasks } = source;
  const current = options.task === undefined ? 0 : tasks.findIndex(({ name }) => name === options.task);
  if (current < 0)
    throw new ViewError(WHERE, `task must be one of ${tasks.map(({ name }) => name).join(", ")}`, options.task);
  const payload = await buildPayload(source, options, current);
  const room = MAX_SAVED_BYTES - 8 * 1024 - JSON.stringify(payload).length;
  const bundle: MimeBundle = {
    [ATLAS_MIME]: payload as unknown as JSONValue,
    ...(await drawAtlas(payload, source.image, room)),
    "text/plain": describeAtlas(payload),
  };
  return new AtlasView(bundle, payload.view, keepLive(serveAtlas(payload, source)));
}

async function buildPayload(source: AtlasSourceLike, options: AtlasOptions, current: number): Promise<AtlasPayload> {
  const { image, experts, levels, grid } = source;
  const file = await encodeJpeg(image, 256, 80);
  const { size, tasks } = await predictions(source, options);
  return {
    version: 1,
    view: platform().uuid(),
    title: options.title ?? "",
    image: { label: "image", width: image.width, height: image.height, mime: "image/jpeg", data: base64Encode(file) },
    experts: [...experts],
    levels: [...levels],
    grid,
    maps: base64Encode(colorsOf(source)),
    size,
    fullSize: [image.height, image.width],
    tasks,
    current,
  };
}

/** Returns the first three principal components of each level, on common scales over the experts. */
function colorsOf({ maps, channels, grid }: AtlasSourceLike): Uint8Array {
  const cells = grid[0] * grid[1];
  const colors = new Uint8Array(maps.length * maps[0].length * cells * 3);
  maps.forEach((experts, level) => {
    const rows = joinFloats([...experts]);
    const dims = Math.min(3, channels, rows.length / channels);
    const values = project(rows, principalComponents(rows, channels, dims));
    for (let d = 0; d < dims; d++) {
      const own = values.filter((_, i) => i % dims === d).sort();
      const [low, high] = [own[Math.floor(0.01 * (own.length - 1))], own[Math.ceil(0.99 * (own.length - 1))]];
      for (let i = 0; i < own.length; i++)
        colors[(level * own.length + i) * 3 + d] = Math.round(
          255 * clamp((values[i * dims + d] - low) / (high - low || 1), 0, 1),
        );
    }
  });
  return colors;
}

/** Predicts every saved mixture, and keeps as many cells as the room allows. */
async function predictions(
  source: AtlasSourceLike,
  { gains }: AtlasOptions,
): Promise<{ size: Grid; tasks: SavedAtlasTask[] }> {
  const { experts } = source;
  const nodes = atlasNodes(experts.length);
  const size = sizeFor(source, nodes.length);
  const own = await source.predict(null, []);
  const mixtures: Predicted[] = [];
  for (const node of nodes) mixtures.push(await source.predict(nodeWeights(node, experts.length), []));
  const tasks = source.tasks.map((task) => ({
    ...savedTask(source, task, size, { own, mixtures }),
    ...savedGains(source, task.name, gains),
  }));
  return { size, tasks };
}

/** Outputs of the heads by task. */
type Predicted = Readonly<Record<string, Float32Array>>;

/** Returns rows and columns of so many predictions that fit into the payload. */
function sizeFor({ image, tasks }: AtlasSourceLike, mixtures: number): Grid {
  const { height, width } = image;
  const outputs = tasks.reduce((sum, task) => sum + task.outputs, 0);
  const room = Math.sqrt(MIXTURE_BYTES / (2 * mixtures * outputs * height * width));
  const scale = Math.min(1, MOST_SIDE / Math.max(height, width), room);
  return [Math.max(1, Math.floor(height * scale)), Math.max(1, Math.floor(width * scale))];
}

function savedTask(
  { image, levels, experts }: AtlasSourceLike,
  task: AtlasTaskLike,
  size: Grid,
  { own, mixtures }: { own: Predicted; mixtures: readonly Predicted[] },
): SavedAtlasTask {
  const { name, kind, outputs, truth } = task;
  const full: Grid = [image.height, image.width];
  const small = (values: Float32Array): Float32Array => resample(values, full, size);
  const shown = decodeTask(kind, small(own[name]), outputs);
  const labels = truth && smallLabels(task, truth, full, size);
  return {
    name,
    kind,
    outputs,
    range: kind === "values" ? rangeOf(labels ?? shown) : [0, 1],
    own: rounded(task.weights),
    others: othersOf(task, levels.length, experts.length),
    prediction: halves(shown),
    mixtures: halves(joinFloats(mixtures.map((one) => small(one[name])))),
    ...(labels && { truth: halves(labels) }),
  };
}

const halves = (values: Float32Array): string => base64Encode(encodeFloat16(values));

/** Returns the gains of a task, level by level. @throws ViewError for another number of levels or experts */
function savedGains(
  { levels, experts }: AtlasSourceLike,
  name: string,
  gains: AtlasOptions["gains"],
): Pick<SavedAtlasTask, "gains"> {
  const given = gains?.[name];
  if (!given) return {};
  if (given.length !== levels.length || given.some((row) => row.length !== experts.length))
    throw new ViewError(WHERE, `gains of ${name} must be ${levels.length} levels of ${experts.length} experts`, given);
  return { gains: given.flat().map((gain) => Number(gain.toFixed(2))) };
}

const rangeOf = (values: Float32Array): [number, number] => [least(values), most(values)];

const rounded = (values: ArrayLike<number>): number[] =>
  Array.from(values, (value) => Number(clamp(value, 0, 1).toFixed(4)));

/** Takes the label at the middle of each cell. */
function smallLabels(
  { kind }: AtlasTaskLike,
  truth: ArrayLike<number>,
  [height, width]: Grid,
  [rows, columns]: Grid,
): Float32Array {
  const channels = shownChannels(kind);
  if (truth.length !== height * width * channels)
    throw new ViewError(WHERE, `labels must be ${height} x ${width} x ${channels} values`, truth.length);
  return Float32Array.from({ length: rows * columns * channels }, (_, i) => {
    const [cell, c] = [Math.floor(i / channels), i % channels];
    const y = Math.floor(((Math.floor(cell / columns) + 0.5) * height) / rows);
    const x = Math.floor((((cell % columns) + 0.5) * width) / columns);
    const value = truth[(y * width + x) * channels + c];
    // A pixel that does not count is shown as background.
    return channels === 1 && value === 255 ? 0 : value;
  });
}

/** Returns mean weights over the levels for some of the pictures. */
function othersOf({ others }: AtlasTaskLike, levels: number, experts: number): number[] {
  const pictures = Math.min(MOST_OTHERS, others.length / (levels * experts));
  const means = Array.from({ length: pictures * experts }, (_, i) => {
    const [picture, expert] = [Math.floor(i / experts), i % experts];
    let sum = 0;
    for (let level = 0; level < levels; level++) sum += others[(picture * levels + level) * experts + expert];
    return sum / levels;
  });
  return rounded(means).map((value) => Number(value.toFixed(3)));
}
