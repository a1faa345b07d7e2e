/** `--on slurm` of commands that make the parts of a plan: one array of tasks that requeues. */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { replaceFileSync } from "../platform/files";
import { countOf } from "./arguments";

const TEXT = { type: "string" } as const;

/** Options of a submission, for `parseArgs`. */
export const SLURM = {
  on: TEXT,
  array: TEXT,
  partition: TEXT,
  gpus: TEXT,
  cpus: TEXT,
  memory: TEXT,
  time: TEXT,
  "dry-run": { type: "boolean" },
} as const;

type SlurmValues = { [Name in keyof typeof SLURM]?: (typeof SLURM)[Name]["type"] extends "boolean" ? boolean : string };

/** Work whose parts any task may make. */
interface PartedWork {
  /** Words of the command, as "law c-score". */
  command: string;
  /** Path of the plan, which the command takes as `--plan`. */
  path: string;
  /** Number of its parts. */
  parts: number;
  /** Further arguments of the command in each task. */
  args?: readonly string[];
}

/** Most tasks of an array by default: Slurm's own limit is 1001. */
const MOST_TASKS = 1000;
/** Times that a task which failed is queued again. A lost node or a preemption does not count. */
const RETRIES = 3;

/**
 * Submits the work where `--on` asks for it; returns whether it did.
 *
 * @throws Error for an option of Slurm without `--on slurm`, another engine, options that Slurm would misread, or a refusal
 *   of `sbatch`
 */
export function submitted(work: PartedWork, values: SlurmValues): boolean {
  const { command } = work;
  if (values.on === undefined) {
    const stray = (Object.keys(SLURM) as (keyof SlurmValues)[]).find((name) => values[name] !== undefined);
    if (stray) throw new Error(`${command}: --${stray} needs --on slurm`);
    return false;
  }
  if (values.on !== "slurm") throw new Error(`${command}: --on must be slurm, received ${JSON.stringify(values.on)}`);
  const script = scriptOf(work, values);
  if (values["dry-run"]) process.stdout.write(script);
  else submit(work, script);
  return true;
}

/** Writes the script of an array of tasks beside the plan and submits it. */
function submit({ command, path }: PartedWork, script: string): void {
  mkdirSync(besidePlan(path, ".slurm"), { recursive: true });
  const file = besidePlan(path, ".sbatch");
  replaceFileSync(file, script);
  const { status, stdout, stderr, error } = spawnSync("sbatch", ["--parsable", file], { encoding: "utf8" });
  if (error) throw new Error(`${command}: sbatch must be installed here (${(error as NodeJS.ErrnoException).code})`);
  if (status !== 0) throw new Error(`${command}: sbatch refused ${file}: ${stderr.trim()}`);
  const [job] = stdout.trim().split(";");
  const follows = command === "extract" ? `fovea extract status ${path} --watch` : `squeue --job ${job}`;
  process.stdout.write(`${job}: submitted ${file}; ${follows} follows it\n`);
}

const besidePlan = (path: string, ending: string): string => join(dirname(path), `${basename(path, ".json")}${ending}`);

function scriptOf({ command, path, parts, args = [] }: PartedWork, values: SlurmValues): string {
  const array = values.array ?? `0-${Math.min(parts, MOST_TASKS) - 1}`;
  const [, last] = /^0-(\d+)(?:%[1-9]\d*)?$/.exec(array) ?? [];
  if (last === undefined)
    throw new Error(
      `${command}: --array must begin at 0 and be one range, as 0-999%64, received ${JSON.stringify(array)}`,
    );
  const plain = (name: "partition" | "gpus" | "memory" | "time"): string | undefined =>
    plainOf(command, name, values[name]);
  const lines: [name: string, value: string | undefined][] = [
    ["job-name", `fovea-${command.replaceAll(" ", "-")}`],
    ["array", array],
    ["partition", plain("partition")],
    ["gpus-per-task", plain("gpus")],
    ["cpus-per-task", countOf(command, "cpus", values.cpus)?.toString()],
    ["mem", plain("memory")],
    ["time", plain("time")],
    ["output", `"${slurmPath(command, besidePlan(path, ".slurm"))}/%A_%a.log"`],
    ["open-mode", "append"],
    ["ntasks", "1"],
  ];
  const program = [process.execPath, process.argv[1], ...command.split(" "), "--plan", path, ...args];
  return [
    "#!/bin/bash",
    ...lines.flatMap(([name, value]) => (value === undefined ? [] : [`#SBATCH --${name}=${value}`])),
    "#SBATCH --requeue",
    "# Each task makes every n-th part; whole parts are not made again, so that a task may run any number of times.",
    `${program.map(quoted).join(" ")} --shard "$SLURM_ARRAY_TASK_ID/${Number(last) + 1}"`,
    "code=$?",
    `if [ "$code" -ne 0 ] && [ "\${SLURM_RESTART_COUNT:-0}" -lt ${RETRIES} ]; then`,
    '  scontrol requeue "$SLURM_JOB_ID"',
    "fi",
    'exit "$code"',
    "",
  ].join("\n");
}

/** Writes a path as `sbatch` reads it between quotes: %% is a percent sign. */
function slurmPath(command: string, path: string): string {
  if (!/[\n\r\\]/.test(path)) return path.replaceAll("%", "%%").replaceAll('"', '\\"');
  const rule = "a plan for Slurm must have no line break and no backslash in its path";
  throw new Error(`${command}: ${rule}, received ${JSON.stringify(path)}`);
}

/** A value of one word, which cannot end its line. */
function plainOf(command: string, name: string, text: string | undefined): string | undefined {
  if (text === undefined || /^[\w:.,@=/+-]+$/.test(text)) return text;
  throw new Error(`${command}: --${name} must be one word of Slurm, received ${JSON.stringify(text)}`);
}

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
