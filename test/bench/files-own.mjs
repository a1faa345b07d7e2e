/** usage: files-own.mjs FILE: opens a safetensors file, reads one tensor, and prints the milliseconds. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { root } from "../../binder/setup.mjs";

const require = createRequire(join(root, "kernel", "package.json"));
const { SafetensorsFile } = require(join(root, "kernel", "dist", "safetensors"));

const start = performance.now();
const file = await SafetensorsFile.open(process.argv[2]);
await file.read("model.layers.777.weight");
process.stdout.write(String(performance.now() - start));
await file.close();
