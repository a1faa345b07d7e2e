/** `fovea onnx inspect MODEL.onnx [--json]`. */
import { parseArgs } from "node:util";
import * as onnx from "../onnx";

/**
 * Runs `fovea onnx`.
 *
 * @throws Error for arguments that the usage does not allow
 */
export function main([name = "", ...args]: string[]): void {
  if (name !== "inspect") throw new Error(`onnx: the command must be inspect, received ${JSON.stringify(name)}`);
  const { values, positionals } = parseArgs({
    args,
    options: { json: { type: "boolean" } },
    allowPositionals: true,
  });
  const [model] = positionals;
  if (positionals.length !== 1)
    throw new Error(`onnx inspect: one MODEL.onnx is needed, received ${positionals.length}`);
  const seen = onnx.inspect(model);
  process.stdout.write(`${values.json ? JSON.stringify(seen, null, 2) : onnx.format(seen)}\n`);
}
