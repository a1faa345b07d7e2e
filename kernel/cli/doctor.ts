/** `fovea doctor [--json]`. */
import { parseArgs } from "node:util";
import { doctor, type DoctorReport } from "../backend";

export async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { json: { type: "boolean" } } });
  const report = await doctor();
  process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : `${lines(report).join("\n")}\n`);
  if (report.auto === null) process.exitCode = 1;
}

function lines({ versions, platform, ladder, auto }: DoctorReport): string[] {
  const rows = ladder.map(({ device, runtime, version, ok, ms, error }) =>
    [
      device.padEnd(8),
      `${runtime} ${version}`.padEnd(26),
      (ok ? "starts" : "no").padEnd(8),
      `${ms} ms`.padStart(8),
      `  ${error ?? ""}`,
    ]
      .join("")
      .trimEnd(),
  );
  return [
    `${platform}  ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join("  ")}`,
    "",
    `${"device".padEnd(8)}${"runtime".padEnd(26)}${"outcome".padEnd(8)}${"time".padStart(8)}  what is missing`,
    ...rows,
    "",
    auto ? `auto takes ${auto}` : "no device starts",
  ];
}
