import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { DeviceError } from "./types";

const load = createRequire(__filename);

/** Dawn for Node, and tfjs's backend on it: 130 MB that nobody gets unasked, taken from where the user put them. */
const PACKAGES = { webgpu: "0.6.2", "@tensorflow/tfjs-backend-webgpu": "4.22.0" };
type Package = keyof typeof PACKAGES;

/** Beside the library, or in the folder of the notebook. */
function pathOf(name: Package): string | null {
  try {
    return load.resolve(name, { paths: [__dirname, process.cwd()] });
  } catch {
    return null;
  }
}

/** The packages that are not installed, with the versions to install. */
export function missingForWebgpu(): string[] {
  const names = Object.keys(PACKAGES) as Package[];
  return names.filter((name) => pathOf(name) === null).map((name) => `${name}@${PACKAGES[name]}`);
}

interface Dawn {
  create(flags: string[]): object;
  globals: object;
}

/** Loads tfjs's webgpu backend on Dawn. */
export async function loadWebgpu(): Promise<void> {
  const missing = missingForWebgpu();
  if (missing.length)
    throw new DeviceError(
      "nn.start",
      `device webgpu needs packages: npm install ${missing.join(" ")}`,
      "not installed",
    );
  const { create, globals } = (await import(pathToFileURL(pathOf("webgpu") as string).href)) as Dawn;
  Object.assign(globalThis, globals);
  // The backend looks for it as a browser has it, when it is loaded.
  const navigator = { gpu: create([]) };
  Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true, writable: true });
  load(pathOf("@tensorflow/tfjs-backend-webgpu") as string);
}
