/**
 * Renders pictures with their phrases into one raw file, for a model that reads both:
 *
 *     node kernel/dist/zoo/train/phrases.js --out train-0 --split train --first 2000000000 --count 8192
 *
 * writes `train-0.bin`, `count` records, and `train-0.jsonl`, one line of objects, phrases and a caption per record. A record is RGB
 * [96, 96, 3], then three maps [24, 24] read at every fourth pixel: number of the object (0 for the background), its part type and its
 * category (1 up). Two of three pictures are crowds of at most five objects, or of at most `--objects`; the others have one or two large
 * objects. Pictures of `data.world.write` have numbers below 1,000,000,000: with larger ones no picture is in both.
 */
import { closeSync, openSync, renameSync, writeSync } from "node:fs";
import { parseArgs } from "node:util";
import { render, type Rendered } from "../../data/world/draw/render";
import { colorNames } from "../../data/world/draw/colors";
import { factsOf, type ObjectFacts } from "../../data/world/language/facts";
import { phrasesFor } from "../../data/world/language/refer";
import { crowd } from "../../data/world/scenes/crowd";
import { scene, splits, type Scene, type Split } from "../../data/world/scenes/scene";
import { categories } from "../../data/world/things/categories";

const STEP = 4;
/** One picture in so many is no crowd. */
const SCENE_EVERY = 3;

const categoryNumber = (name: string): number => categories.findIndex((spec) => spec.name === name) + 1;

/** Returns the record of a picture; see the top of this file. */
function record(image: Rendered, objects: readonly ObjectFacts[], size: number): Uint8Array {
  const side = size / STEP;
  const cells = side ** 2;
  const bytes = new Uint8Array(image.data.length + 3 * cells);
  bytes.set(image.data);
  const byId = new Map(objects.map((object) => [object.id, object]));
  for (let cell = 0; cell < cells; cell++) {
    const at = (Math.floor(cell / side) * STEP + STEP / 2) * size + (cell % side) * STEP + STEP / 2;
    const object = byId.get(image.instances[at] as number);
    if (!object) continue;
    bytes[image.data.length + cell] = object.id;
    bytes[image.data.length + cells + cell] = image.parts[at] as number;
    bytes[image.data.length + 2 * cells + cell] = categoryNumber(object.category);
  }
  return bytes;
}

function describe(drawn: Scene, image: Rendered, objects: readonly ObjectFacts[]): string {
  return JSON.stringify({
    seed: drawn.seed,
    caption: image.captions.full,
    objects: objects.map(({ id, box, category, color }) => ({
      id,
      box,
      category: categoryNumber(category),
      color: colorNames.indexOf(color) + 1,
      phrases: phrasesFor(id, objects, drawn.size, { parts: true }),
    })),
  });
}

function main(): void {
  const { values } = parseArgs({
    options: {
      out: { type: "string" },
      split: { type: "string", default: "train" },
      first: { type: "string", default: "2000000000" },
      count: { type: "string", default: "1024" },
      size: { type: "string", default: "96" },
      crowds: { type: "boolean", default: false },
      objects: { type: "string", default: "5" },
    },
  });
  const { out, split } = values;
  if (!out) throw new Error("phrases: --out is required, the path of the shard without its ending");
  if (!splits.includes(split as Split)) throw new Error(`phrases: no split ${JSON.stringify(split)}`);
  const size = Number(values.size);
  if (!(size % STEP === 0)) throw new Error(`phrases: --size must be a multiple of ${STEP}, received ${values.size}`);
  const every = values.crowds ? 0 : SCENE_EVERY;
  const draw = (seed: number): Scene =>
    every && seed % every === 0
      ? scene(seed, { split: split as Split, size })
      : crowd(seed, { split: split as Split, size, objects: Number(values.objects) });
  writeShard(out, { first: Number(values.first), count: Number(values.count), draw });
}

interface Shard {
  first: number;
  count: number;
  draw: (seed: number) => Scene;
}

function writeShard(out: string, { first, count, draw }: Shard): void {
  const began = performance.now();
  const [pixels, lines] = [openSync(`${out}.bin.part`, "w"), openSync(`${out}.jsonl.part`, "w")];
  for (let seed = first; seed < first + count; seed++) {
    const drawn = draw(seed);
    const image = render(drawn);
    const objects = factsOf(drawn, image);
    writeSync(pixels, record(image, objects, drawn.size));
    writeSync(lines, `${describe(drawn, image, objects)}\n`);
  }
  closeSync(pixels);
  closeSync(lines);
  renameSync(`${out}.jsonl.part`, `${out}.jsonl`);
  renameSync(`${out}.bin.part`, `${out}.bin`);
  const seconds = (performance.now() - began) / 1000;
  process.stdout.write(`${out}: ${count} pictures, ${(count / seconds).toFixed(0)} pictures/s\n`);
}

if (require.main === module) main();
