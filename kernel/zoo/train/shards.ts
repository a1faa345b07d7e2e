/**
 * Renders images into one raw file for training:
 *
 *     node kernel/dist/zoo/train/shards.js --out train-0 --split train --first 0 --count 8192
 *
 * writes `train-0.bin`, `count` records of {@link recordBytes} bytes, and `train-0.jsonl`, one line of captions and
 * keypoints per record. A record is RGB [128, 128, 3], then four maps [32, 32] read at every fourth pixel: part-type
 * id, category (1 up, 0 for the background), template x, template y. `--size 192` writes another size.
 */
import { closeSync, openSync, renameSync, writeSync } from "node:fs";
import { parseArgs } from "node:util";
import { categories } from "../../data/world/things/categories";
import { render, type Rendered } from "../../data/world/draw/render";
import { scene, splits, type Scene, type Split } from "../../data/world/scenes/scene";

const STEP = 4;

/** Returns the bytes of one image of `size` pixels in a shard. */
export function recordBytes(size: number): number {
  return size * size * 3 + 4 * (size / STEP) ** 2;
}

/** Returns the record of one image; see the top of this file. */
export function record(drawn: Scene, image: Rendered): Uint8Array {
  const { size } = drawn;
  const [side, cells] = [size / STEP, (size / STEP) ** 2];
  const bytes = new Uint8Array(recordBytes(size));
  bytes.set(image.data);
  const labels = drawn.objects.map((object) => categories.findIndex((spec) => spec.name === object.category) + 1);
  const start = size * size * 3;
  for (let cell = 0; cell < cells; cell++) {
    const row = Math.floor(cell / side) * STEP + STEP / 2;
    const at = row * size + (cell % side) * STEP + STEP / 2;
    bytes[start + cell] = image.parts[at] as number;
    bytes[start + cells + cell] = labels[(image.instances[at] as number) - 1] ?? 0;
    bytes[start + 2 * cells + cell] = image.template.x[at] as number;
    bytes[start + 3 * cells + cell] = image.template.y[at] as number;
  }
  return bytes;
}

function describe(drawn: Scene, image: Rendered): string {
  const { seed, split } = drawn;
  const { category, captions, box } = image;
  const keypoints = image.keypoints.map((point) => (point.visible ? [point.x, point.y] : null));
  return JSON.stringify({ seed, split, category, captions, box, keypoints });
}

function main(): void {
  const { values } = parseArgs({
    options: {
      out: { type: "string" },
      split: { type: "string", default: "train" },
      first: { type: "string", default: "0" },
      count: { type: "string", default: "1024" },
      size: { type: "string", default: "128" },
    },
  });
  const { out, split } = values;
  if (!out) throw new Error("shards: --out is required, the path of the shard without its ending");
  if (!splits.includes(split as Split)) throw new Error(`shards: no split ${JSON.stringify(split)}`);
  const size = Number(values.size);
  if (size % STEP !== 0) throw new Error(`shards: --size must be a multiple of ${STEP}, received ${values.size}`);
  writeShard(out, split as Split, Number(values.first), Number(values.count), size);
}

function writeShard(out: string, split: Split, first: number, count: number, size: number): void {
  const began = performance.now();
  const [pixels, lines] = [openSync(`${out}.bin.part`, "w"), openSync(`${out}.jsonl.part`, "w")];
  for (let seed = first; seed < first + count; seed++) {
    const drawn = scene(seed, { split, size });
    const image = render(drawn);
    writeSync(pixels, record(drawn, image));
    writeSync(lines, `${describe(drawn, image)}\n`);
  }
  closeSync(pixels);
  closeSync(lines);
  renameSync(`${out}.jsonl.part`, `${out}.jsonl`);
  renameSync(`${out}.bin.part`, `${out}.bin`);
  const seconds = (performance.now() - began) / 1000;
  process.stdout.write(`${out}: ${count} images, ${(count / seconds).toFixed(0)} images/s\n`);
}

if (require.main === module) main();
