/** `fovea runs`. */
import { parseArgs } from "node:util";
import { DISPLAY } from "../display/describe";
import { runs } from "../train/runs/runs";
import { USAGE } from "./usage";

/**
 * Prints the runs of a folder as a table.
 *
 * @throws Error for arguments that the usage does not allow
 */
export async function main(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    options: { json: { type: "boolean" } },
    allowPositionals: true,
  });
  if (positionals.length !== 1) throw new Error(`runs: one folder is needed\n\n${USAGE.runs}`);
  const table = await runs(positionals[0]);
  if (!values.json) return void process.stdout.write(`${table[DISPLAY]()["text/plain"]}\n`);
  const plain = table.runs.map((run) => ({ ...run, record: undefined }));
  const json = JSON.stringify({ runs: plain, damaged: table.damaged }, null, 2);
  // JSON escapes only the first 32 of the characters that steer a terminal.
  const escaped = json.replace(/[\x7f-\x9f]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`);
  process.stdout.write(`${escaped}\n`);
}
