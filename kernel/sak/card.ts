import { thousands } from "../display/describe";
import type { Sak } from "./model";

/** Facts about a teacher, for the card of its student. */
export interface SakCardTeacher {
  /** Source of its weights, as `encoders.load` takes it. */
  source: string;
  /** License by its SPDX name, or a sentence. */
  license: string;
}

/** Facts about a student that its weights do not tell. */
export interface SakCard {
  /** Every teacher of the student by name. */
  teachers: Readonly<Record<string, SakCardTeacher>>;
  /** Data of both stages, with their splits. */
  data: readonly string[];
  /** Seeds of the initial values and of the order of the data. */
  seeds: readonly number[];
  /** License of the student. Default: none is named. */
  license?: string;
  /** More sentences. Default: none. */
  notes?: readonly string[];
}

/** Returns the text of a student's card. Facts of the caller are put on one line each, so that they cannot break the document. */
export function cardText(name: string, model: Sak, card: SakCard): string {
  const { stem, levels, router, tasks } = model.config;
  const weights = [...model.namedParameters()].reduce((sum, [, { size }]) => sum + size, 0);
  const outputs = Object.entries(tasks).map(([task, channels]) => `${task} (${channels})`);
  return `${[
    `# ${line(name)}`,
    "",
    `Student of ${model.teachers.length} teachers (SAK, arXiv 2410.14633): a vision transformer of width ${stem.embedDim} and depth ${stem.depth}, ` +
      `${thousands(weights)} parameters, router \`${router}\`, levels ${levels.join(", ")}.`,
    "",
    "| teacher | source | license |",
    "| --- | --- | --- |",
    ...model.teachers.map((teacher) => {
      const { source, license } = card.teachers[teacher];
      return `| ${teacher} | ${cell(source)} | ${cell(license)} |`;
    }),
    "",
    `- Tasks: ${outputs.join(", ") || "none"}.`,
    ...card.data.map((one) => `- Data: ${line(one)}`),
    `- Seeds: ${card.seeds.join(", ")}.`,
    `- License: ${line(card.license ?? "none named")}. The teachers' licenses may bind what is distilled from them.`,
    ...(card.notes ?? []).map((note) => `- ${line(note)}`),
    "",
    "| file | content |",
    "| --- | --- |",
    "| `model.onnx` | the stem, an encoder for `encoders.load` |",
    "| `features.onnx` | stem and paths at every level, without heads |",
    ...(outputs.length ? ["| `tasks.onnx` | predictions of every task |"] : []),
    "| `model.safetensors` | all weights; those of the stem have timm's names |",
  ].join("\n")}\n`;
}

const line = (text: string): string => text.replace(/\s+/g, " ").trim();
const cell = (text: string): string => line(text).replaceAll("|", "\\|");
