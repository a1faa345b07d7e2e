/** `fovea doctor [--json]`. */
import { parseArgs } from "node:util";
import { doctor, type DoctorReport } from "../backend";

/** Runs `fovea doctor`. */
export async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { json: { type: "boolean" } } });
  const report = await doctor();
  process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : `${lines(report).join("\n")}\n`);
  if (report.auto === null) process.exitCode = 1;
}

interface Row {
  name: string;
  runtime: string;
  ok: boolean;
  ms: number;
  error: string | null;
}

function lines({ versions, platform, ladder, auto, training, autoTraining }: DoctorReport): string[] {
  const encoders = ladder.map(({ device, runtime, version, ...rest }) => ({
    name: device,
    runtime: `${runtime} ${version}`,
    ...rest,
  }));
  const trainers = training.map(({ backend, runtime, version, device, ok, ms, reason }) => ({
    name: backend,
    runtime: `${runtime} ${version}${backend === "tensorflow-gpu" && device === "cpu" ? " on the CPU" : ""}`,
    ok,
    ms,
    error: reason,
  }));
  return [
    `${platform}  ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join("  ")}`,
    ...table("encoders", encoders),
    auto ? `auto takes ${auto}` : "no device starts",
    ...table("training", trainers),
    autoTraining ? `auto takes ${autoTraining}` : "no backend starts",
  ];
}

function table(title: string, rows: Row[]): string[] {
  const line = (name: string, runtime: string, outcome: string, time: string, error: string): string =>
    `${name.padEnd(16)}${runtime.padEnd(40)}${outcome.padEnd(9)}${time.padStart(8)}  ${error}`.trimEnd();
  return [
    "",
    line(title, "runtime", "outcome", "time", "what is missing"),
    ...rows.map(({ name, runtime, ok, ms, error }) =>
      line(name, runtime, ok ? "starts" : "no", `${ms} ms`, error ?? ""),
    ),
  ];
}
