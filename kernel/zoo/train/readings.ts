/**
 * Scenes in words, for a language model that reads before it sees:
 *
 *     node kernel/dist/zoo/train/readings.js --out readings.jsonl --split train --first 0 --count 20000
 *
 * writes one line an image: `{reading, questions: [{type, question, answer}]}`.
 */
import { closeSync, openSync, renameSync, writeSync } from "node:fs";
import { parseArgs } from "node:util";
import { quiz } from "../../data/world/language/questions";
import { reading } from "../../data/world/reading";
import { splits, type Split } from "../../data/world/scenes/scene";

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
