/** `fovea extract --on slurm`: one array of tasks that requeues. */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { ExtractionPlan } from "../../features";
import { replaceFileSync } from "../../platform/files";
import { countOf } from "../arguments";

/** Options of a submission. */
interface SlurmValues {
  on?: string;
  array?: string;
  partition?: string;
  gpus?: string;
  cpus?: string;
  memory?: string;
  time?: string;
  encoder?: string;
  device?: string;
  copies?: string;
  "dry-run"?: boolean;
}

/** Most tasks of an array by default: Slurm's own limit is 1001. */
const MOST_TASKS = 1000;
/** Times that a task which failed is queued again. A lost node or a preemption does not count. */
const RETRIES = 3;

/**
 * Writes the script of an array of tasks beside the plan and submits it.
 *
 * @throws Error for another engine, options that Slurm would misread, or a refusal of `sbatch`
 */
export function submit(plan: ExtractionPlan, values: SlurmValues): void {
  if (values.on !== "slurm") throw new Error(`extract: --on must be slurm, received ${JSON.stringify(values.on)}`);
  const script = scriptOf(plan, values);
  if (values["dry-run"]) return void process.stdout.write(script);
  mkdirSync(logFolder(plan), { recursive: true });
  const path = join(dirname(plan.path), `${basename(plan.path, ".json")}.sbatch`);
  replaceFileSync(path, script);
  const { status, stdout, stderr, error } = spawnSync("sbatch", ["--parsable", path], { encoding: "utf8" });
  if (error) throw new Error(`extract: sbatch must be installed here (${(error as NodeJS.ErrnoException).code})`);
  if (status !== 0) throw new Error(`extract: sbatch refused ${path}: ${stderr.trim()}`);
  const [job] = stdout.trim().split(";");
  process.stdout.write(`${job}: submitted ${path}; fovea extract status ${plan.path} --watch follows it\n`);
}

const logFolder = (plan: ExtractionPlan): string => join(dirname(plan.path), `${basename(plan.path, ".json")}.slurm`);

/**
 * Returns the text of the script.
 *
 * @throws Error for an array that is not one range from 0, or a value that is not one word
 */
export function scriptOf(plan: ExtractionPlan, values: SlurmValues): string {
  const array = values.array ?? `0-${Math.min(plan.parts, MOST_TASKS) - 1}`;
  const [, last] = /^0-(\d+)(?:%[1-9]\d*)?$/.exec(array) ?? [];
  if (last === undefined)
    throw new Error(
      `extract: --array must begin at 0 and be one range, as 0-999%64, received ${JSON.stringify(array)}`,
    );
  const lines: [name: string, value: string | undefined][] = [
    ["job-name", "fovea-extract"],
    ["array", array],
    ["partition", plainOf("partition", values.partition)],
    ["gpus-per-task", plainOf("gpus", values.gpus)],
    ["cpus-per-task", countOf("extract", "cpus", values.cpus)?.toString()],
    ["mem", plainOf("memory", values.memory)],
    ["time", plainOf("time", values.time)],
    ["output", join(logFolder(plan), "%A_%a.log").replaceAll(" ", "\\ ")],
    ["open-mode", "append"],
    ["ntasks", "1"],
  ];
  const own = (["encoder", "device", "copies"] as const).flatMap((name) =>
    values[name] === undefined ? [] : [`--${name}`, values[name]],
  );
  const program = [process.execPath, process.argv[1], "extract", "--plan", plan.path, ...own].map(quoted).join(" ");
  return [
    "#!/bin/bash",
    ...lines.flatMap(([name, value]) => (value === undefined ? [] : [`#SBATCH --${name}=${value}`])),
    "#SBATCH --requeue",
    "# Each task makes every n-th part; whole parts are not made again, so that a task may run any number of times.",
    `${program} --shard "$SLURM_ARRAY_TASK_ID/${Number(last) + 1}"`,
    "code=$?",
    `if [ "$code" -ne 0 ] && [ "\${SLURM_RESTART_COUNT:-0}" -lt ${RETRIES} ]; then`,
    '  scontrol requeue "$SLURM_JOB_ID"',
    "fi",
    'exit "$code"',
    "",
  ].join("\n");
}

/** A value of one word, which cannot end its line. */
function plainOf(name: string, text: string | undefined): string | undefined {
  if (text === undefined || /^[\w:.,@=/+-]+$/.test(text)) return text;
  throw new Error(`extract: --${name} must be one word of Slurm, received ${JSON.stringify(text)}`);
}

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
