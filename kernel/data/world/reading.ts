/**
 * Scenes in words, for a language model that reads before it sees:
 *
 *     node kernel/dist/data/world/reading.js --out readings.jsonl --split train --first 0 --count 20000
 *
 * writes one line per image: `{reading, questions: [{type, question, answer}]}`.
 */
import { closeSync, openSync, renameSync, writeSync } from "node:fs";
import { parseArgs } from "node:util";
import { factsOf, type ObjectFacts } from "./language/facts";
import { Prng } from "../../prng";
import { quiz } from "./language/questions";
import type { Rendered } from "./draw/render";
import { type Scene, splits, type Split } from "./scenes/scene";

/** Number of steps for positions and sizes in a reading. */
const STEPS = 16;

/**
 * Describes each object, in a random order that depends on the scene alone:
 * `"column3 row5 size4 red striped cat with ear eye tail"`, with `;` between objects. Column and row are the sixteenth
 * of the image with the centre of the box; the size is the object's scale in sixteenths of the image side.
 */
export function reading(scene: Scene, image: Rendered): string {
  const random = new Prng(scene.seed, `${scene.split}/reading`);
  const shuffled = factsOf(scene, image).map((object) => ({ object, key: random.next() }));
  return shuffled
    .sort((a, b) => a.key - b.key)
    .map(({ object }) => describe(object, scene.size))
    .join(" ; ");
}

function describe({ box, scale, color, texture, category, parts }: ObjectFacts, size: number): string {
  const step = (from: number, to: number): number => Math.floor((((from + to) / 2) * STEPS) / size);
  const place = `column${step(box[0], box[2])} row${step(box[1], box[3])} size${Math.round(scale * 2 * STEPS)}`;
  const shown = parts.filter((part) => part !== "body");
  return [place, color, texture, category, ...(shown.length > 0 ? ["with", ...shown] : [])].join(" ");
}

function lineOf(seed: number, split: Split): string {
  const { scene, image, questions } = quiz(seed, { split, perType: 2 });
  return JSON.stringify({
    reading: reading(scene, image),
    questions: questions.map(({ type, question, answer }) => ({ type, question, answer })),
  });
}

function main(): void {
  const { values } = parseArgs({
    options: {
      out: { type: "string" },
      split: { type: "string", default: "train" },
      first: { type: "string", default: "0" },
      count: { type: "string", default: "1024" },
    },
  });
  const { out, split } = values;
  if (!out) throw new Error("reading: --out is required, the file to write");
  if (!splits.includes(split as Split)) throw new Error(`reading: no split ${JSON.stringify(split)}`);
  writeReadings(out, split as Split, Number(values.first), Number(values.count));
}

function writeReadings(out: string, split: Split, first: number, count: number): void {
  const file = openSync(`${out}.part`, "w");
  for (let i = 0; i < count; i++) writeSync(file, `${lineOf(first + i, split)}\n`);
  closeSync(file);
  renameSync(`${out}.part`, out);
}

if (require.main === module) main();
