import type { RawImage } from "../../data/image";
import * as world from "../../data/world";
import type { Split } from "../../data/world";
import { existsSync, readFileSync, replaceFileSync } from "../../platform/files";
import { join } from "../../platform/path";
import { benchmark, type BenchmarkItem, type BenchmarkName, benchmarkNames } from "../../tasks/answers/benchmarks";
import { drawText } from "../../tasks/answers/drawn-text";
import { hashOf } from "../study-file";
import type { LawMiniatureSettings } from "./settings";

/** A picture with the facts that words tell of it, without its pixels. */
export interface MiniaturePicture {
  /** Kind, split and seed, from which it is drawn: `crowd/train/17`. */
  name: string;
  /** The scene in words; objects are separated by `;`. */
  reading: string;
  /** Category of the first object of the scene. */
  category: string;
}

/** A question to learn from. */
export interface LearntQuestion {
  benchmark: BenchmarkName;
  question: string;
  answer: string;
}

/** A question of a benchmark. */
export interface AskedQuestion extends Omit<BenchmarkItem, "picture"> {
  benchmark: BenchmarkName;
  /** Index of its picture in `asked`. */
  picture: number;
}

/** A picture with questions to learn from. */
export interface LearntPicture extends MiniaturePicture {
  questions: readonly LearntQuestion[];
}

/** Pictures and questions of the study. */
export interface MiniatureData {
  /** Scenes that only words tell; no representation sees them. */
  told: readonly LearntPicture[];
  train: readonly LearntPicture[];
  asked: readonly MiniaturePicture[];
  items: readonly AskedQuestion[];
}

type Kind = "crowd" | "sign";

/** Draws a picture by its name. */
export function drawPicture(name: string): RawImage {
  const [kind, split, seed] = name.split("/") as [Kind, Split, string];
  return kind === "sign" ? drawText(Number(seed), split).picture : world.quiz(Number(seed), { split }).image;
}

type Progress = (progress: { done: number; total: number }) => void;

/** Pictures and questions of the settings; they are kept in the folder, because computing them draws every picture. */
export function miniatureData(settings: LawMiniatureSettings, folder: string, onProgress?: Progress): MiniatureData {
  const { pictures, asked, split, told } = settings;
  const shown = kept(join(folder, `questions-${hashOf({ pictures, asked, split })}.json`), () =>
    draw(settings, onProgress),
  );
  const scenes = kept(join(folder, `scenes-${hashOf({ pictures, told })}.json`), () =>
    scenesToTell(settings, onProgress),
  );
  return { ...shown, told: scenes };
}

function kept<T>(path: string, make: () => T): T {
  if (existsSync(path)) return JSON.parse(readFileSync(path, "utf8")) as T;
  const made = make();
  replaceFileSync(path, JSON.stringify(made));
  return made;
}

/** Scenes after those of the training pictures: three in four are crowds, as there. */
function scenesToTell({ pictures, told }: LawMiniatureSettings, onProgress?: Progress): LearntPicture[] {
  return seeds(told).map((i) => {
    onProgress?.({ done: i + 1, total: told });
    return i % 4 === 3 ? signToLearn(pictures.sign + i) : crowdToLearn(pictures.crowd + i);
  });
}

function draw(
  { pictures, asked: count, split }: LawMiniatureSettings,
  onProgress?: Progress,
): Omit<MiniatureData, "told"> {
  const total = pictures.crowd + pictures.sign + benchmarkNames.length;
  let done = 0;
  const counted = <T>(value: T): T => {
    onProgress?.({ done: ++done, total });
    return value;
  };
  const train = [
    ...seeds(pictures.crowd).map((seed) => counted(crowdToLearn(seed))),
    ...seeds(pictures.sign).map((seed) => counted(signToLearn(seed))),
  ];
  const items = benchmarkNames.flatMap((name) =>
    counted(
      benchmark(name, { split, count }).map(({ id, question, answer, choices }) => ({
        id,
        question,
        answer,
        choices,
        benchmark: name,
      })),
    ),
  );
  const names = [...new Set(items.map(({ id }) => pictureOf(id)))];
  const places = new Map(names.map((name, i) => [name, i]));
  return {
    train,
    asked: names.map(described),
    items: items.map((item) => ({ ...item, picture: places.get(pictureOf(item.id)) as number })),
  };
}

const seeds = (count: number): number[] => Array.from({ length: count }, (_, seed) => seed);

/** The name of the picture of `count/test/17`: seven benchmarks ask about one crowd. */
function pictureOf(id: string): string {
  const [name, split, seed] = id.split("/");
  return `${name === "reading" ? "sign" : "crowd"}/${split}/${seed}`;
}

function described(name: string): MiniaturePicture {
  const [kind, split, seed] = name.split("/") as [Kind, Split, string];
  return kind === "sign" ? sign(name, Number(seed), split) : crowd(name, world.quiz(Number(seed), { split }));
}

function crowd(name: string, { scene, image }: world.Quiz): MiniaturePicture {
  return { name, reading: world.reading(scene, image), category: scene.objects[0].category };
}

/** Returns a picture with a sign; its words tell the sign alone. */
function sign(name: string, seed: number, split: Split): MiniaturePicture {
  const { sign: text, isDigit } = drawText(seed, split);
  const { objects } = world.crowd(seed, { split });
  return { name, reading: `${isDigit ? "digit" : "letter"} ${text}`, category: objects[0].category };
}

function crowdToLearn(seed: number): LearntPicture {
  const quiz = world.quiz(seed, { split: "train", perType: 2 });
  const questions = quiz.questions.map(({ type, question, answer }) => ({ benchmark: type, question, answer }));
  return { ...crowd(`crowd/train/${seed}`, quiz), questions };
}

function signToLearn(seed: number): LearntPicture {
  const picture = sign(`sign/train/${seed}`, seed, "train");
  const [kind, answer] = picture.reading.split(" ");
  return { ...picture, questions: [{ benchmark: "reading", question: `what ${kind} is written?`, answer }] };
}
