import type { FeatureLevel } from "../features/levels";
import { fullConfig, type FullVitConfig, type VitConfig } from "../models/vit/config";
import { checkOptionNames, type OptionNames } from "../rules/option-names";
import { checker, isWhole } from "../rules/rule-error";
import { SakError } from "./error";
import { isRecord } from "../rules/json-text";

/** Teacher of a student. */
export interface SakTeacher {
  /** Name of the teacher's path in the student. */
  name: string;
  /** Width of the teacher's features; another one than the student's gets aligners. Default: the student's. */
  width?: number;
}

/** Configuration of a {@link Sak}. */
export interface SakConfig {
  /** Vision transformer that all paths share; it has neither final norm nor head. */
  stem: VitConfig;
  /** Teachers in the order of the routers' experts, by name or with their width. */
  teachers: readonly (string | SakTeacher)[];
  /** Number of output channels of each task. Default: no tasks, for distillation alone. */
  tasks?: Readonly<Record<string, number>>;
  /** Levels that paths, routers and heads use. Default: the last block of each quarter. */
  levels?: readonly FeatureLevel[];
  /** Mixture by routers, or the plain sum of the stem and all paths. Default `mor`. */
  router?: "mor" | "none";
  /** Noise on the routers' logits in training. Default true. */
  noisyGating?: boolean;
  /** Number of experts that a router keeps for a picture. Default null: all. */
  topK?: number | null;
  /** Width of the heads. Default: that of the stem. */
  headWidth?: number;
}

/** Configuration with every default filled in. */
export interface FullSakConfig extends Required<Omit<SakConfig, "stem" | "teachers">> {
  stem: FullVitConfig;
  teachers: readonly Required<SakTeacher>[];
}

const FN = "sak.Sak";
const rule = checker(FN, SakError);
const NAMES: OptionNames<SakConfig> = {
  stem: true,
  teachers: true,
  tasks: true,
  levels: true,
  router: true,
  noisyGating: true,
  topK: true,
  headWidth: true,
};
const TEACHER_NAMES: OptionNames<SakTeacher> = { name: true, width: true };
const NAME = /^\w[\w-]*$/;

/** Names of parts become keys of objects, so the names that every object inherits are refused. */
const isName = (name: unknown): boolean => typeof name === "string" && NAME.test(name) && !(name in Object.prototype);

/**
 * Fills in defaults and checks a configuration.
 *
 * @throws SakError for an unknown key, or values that contradict each other
 * @throws ModelError for an invalid stem
 */
export function fullSakConfig(config: SakConfig): FullSakConfig {
  checkOptionNames(FN, config, NAMES, SakError);
  rule(isRecord(config.stem), "stem must be a configuration of a vision transformer", config.stem);
  const stem = fullConfig({ ...config.stem, finalNorm: false, numClasses: 0 });
  const { tasks = {}, router = "mor", noisyGating = true, topK = null, headWidth = stem.embedDim } = config;
  rule(Array.isArray(config.teachers), "teachers must be an array", config.teachers);
  rule(isRecord(tasks), "tasks must be an object", tasks);
  const teachers = config.teachers.map((teacher) => checkTeacher(FN, teacher, stem.embedDim));
  const levels = checkLevels(config.levels === undefined ? quarters(stem.depth) : config.levels, stem.depth);
  const full = { stem, teachers, tasks, levels, router, noisyGating, topK, headWidth };
  checkFull(full);
  return full;
}

/** Fills in a teacher's width. */
export function checkTeacher(fn: string, teacher: string | SakTeacher, features: number): Required<SakTeacher> {
  const known = typeof teacher === "string" ? { name: teacher } : teacher;
  checkOptionNames(fn, known, TEACHER_NAMES, SakError);
  const { name, width = features } = known;
  if (!isName(name)) throw new SakError(fn, "a name must consist of letters, digits, - and _", name);
  if (!isWhole(width)) throw new SakError(fn, `the width of ${name} must be a whole number above 0`, width);
  return { name, width };
}

function quarters(depth: number): number[] {
  if (depth % 4) throw new SakError(FN, "levels must be given unless the depth is a multiple of 4", depth);
  return [1, 2, 3, 4].map((quarter) => (quarter * depth) / 4 - 1);
}

/** Returns levels in depth order. */
function checkLevels(levels: readonly FeatureLevel[], depth: number): FeatureLevel[] {
  if (!Array.isArray(levels)) throw new SakError(FN, "levels must be an array", levels);
  const isLegal = (level: FeatureLevel): boolean => level === "stem" || (isWhole(level, 0) && level < depth);
  const wrong = levels.find((level) => !isLegal(level));
  if (wrong !== undefined) throw new SakError(FN, `levels are "stem" and 0..${depth - 1}`, wrong);
  if (!levels.length || new Set(levels).size < levels.length)
    throw new SakError(FN, "levels must name at least one level, each once", [...levels]);
  return [...levels].sort((a, b) => streamOf(a) - streamOf(b));
}

/** Returns the place of a level among the streams x_0 … x_L. */
export const streamOf = (level: FeatureLevel): number => (level === "stem" ? 0 : level + 1);

function checkFull({ stem, teachers, tasks, router, topK, headWidth }: FullSakConfig): void {
  const names = teachers.map(({ name }) => name);
  const taskNames = Object.keys(tasks);
  const badName = taskNames.find((name) => !isName(name));
  const badTask = taskNames.find((name) => !isWhole(tasks[name]));
  rule(names.length > 0, "there must be a teacher", names);
  rule(new Set(names).size === names.length, "names of teachers must differ", names);
  rule(badName === undefined, "a task's name must consist of letters, digits, - and _", badName);
  rule(badTask === undefined, `task ${badTask} needs a whole number of channels`, badTask && tasks[badTask]);
  rule(router === "mor" || router === "none", "router must be mor or none", router);
  rule(stem.embedDim % 4 === 0, "the width of the stem must be a multiple of 4", stem.embedDim);
  rule(isWhole(headWidth) && headWidth % 4 === 0, "headWidth must be a multiple of 4", headWidth);
  checkTopK(FN, topK, names.length + 1);
}

/** Checks the number of experts that a router keeps. */
export function checkTopK(fn: string, topK: number | null, experts: number): void {
  if (topK === null || (isWhole(topK) && topK <= experts)) return;
  throw new SakError(fn, `topK must be null or a whole number of 1..${experts}`, topK);
}
