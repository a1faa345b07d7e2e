/** `fovea dense score`. */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { DenseTask } from "../data/dense";
import { score, type ScoreOptions, type ScoreResult } from "../tasks/dense";
import { usageOf, USAGE } from "./usage";

const TEXT = { type: "string" } as const;
const FLAG = { type: "boolean" } as const;
const OPTIONS = {
  task: TEXT,
  classes: TEXT,
  "first-class": TEXT,
  absent: TEXT,
  "depth-scale": TEXT,
  list: TEXT,
  "max-dist": TEXT,
  thresholds: TEXT,
  nms: FLAG,
  "no-thin": FLAG,
  json: FLAG,
} as const;

type Values = ReturnType<typeof parse>["values"];

const parse = (args: string[]) => parseArgs({ args, options: OPTIONS, allowPositionals: true });

/**
 * Runs `fovea dense`.
 *
 * @throws Error for arguments that the usage does not allow
 */
export async function main(args: string[]): Promise<void> {
  const { values, positionals } = parse(args);
  const [command, predictions, labels, ...rest] = positionals;
  if (command !== "score")
    throw new Error(`dense: the command is score, received ${JSON.stringify(command ?? "")}\n\n${usageOf(["dense"])}`);
  if (!values.task || !predictions || !labels || rest.length > 0)
    throw new Error(`dense score: --task and two folders are needed\n\n${USAGE["dense score"]}`);
  const result = await score({ ...optionsOf(values), predictions, labels });
  process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : `${lines(result).join("\n")}\n`);
}

function optionsOf(values: Values): Omit<ScoreOptions, "predictions" | "labels"> {
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort(new Error("dense score: stopped")));
  return {
    // Checked on use, where the errors list the legal values.
    task: values.task as DenseTask,
    absent: values.absent as ScoreOptions["absent"],
    classes: numberOf("classes", values.classes),
    firstClass: numberOf("first-class", values["first-class"]),
    depthScale: numberOf("depth-scale", values["depth-scale"]),
    names: values.list === undefined ? undefined : namesIn(values.list),
    boundary: boundaryOf(values),
    signal: stop.signal,
    onProgress: progress,
  };
}

function boundaryOf(values: Values): ScoreOptions["boundary"] {
  return {
    maxDist: numberOf("max-dist", values["max-dist"]),
    thresholds: numberOf("thresholds", values.thresholds),
    nms: values.nms,
    thin: !values["no-thin"],
  };
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw new Error(`dense score: --${name} must be a number, received ${JSON.stringify(text)}`);
}

/** Returns the names of pictures in a list, one a line. */
function namesIn(file: string): string[] {
  const lines = readFileSync(file, "utf8").split(/\r?\n/);
  return lines.map((line) => line.trim()).filter((line) => line !== "");
}

function progress({ done, total }: { done: number; total: number }): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${total} pictures${done === total ? "\n" : ""}`);
}

const percent = (value: number): string => `${(100 * value).toFixed(2)} %`;

function lines({ metric, score, pictures, lowerIsBetter, details }: ScoreResult): string[] {
  const unit =
    metric === "mErr" ? `${score.toFixed(3)} degrees` : metric === "rmse" ? score.toFixed(4) : percent(score);
  const head = `${metric}: ${unit} (${pictures} pictures, ${lowerIsBetter ? "lower" : "higher"} is better)`;
  return [head, ...Object.entries(details).flatMap(([name, value]) => detail(name, value, metric))];
}

/** Returns a line for each further number; curves are in the JSON form. */
function detail(name: string, value: unknown, metric: string): string[] {
  if (name === metric) return [];
  if (typeof value === "number") return [`${name}: ${Number.isInteger(value) ? value : value.toFixed(4)}`];
  const isNumbers = Array.isArray(value) && value.every((one) => typeof one === "number");
  return isNumbers ? [`${name}: ${(value as number[]).map((one) => one.toFixed(4)).join(" ")}`] : [];
}
