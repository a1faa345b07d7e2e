import Module, { createRequire } from "node:module";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { DeviceError } from "../types";

const load = createRequire(__filename);

/**
 * Packages of Dawn for Node and tfjs's backend on it: 130 MB, never installed by default, loaded from the user's
 * installation.
 */
export const WEBGPU_PACKAGES = { webgpu: "0.6.2", "@tensorflow/tfjs-backend-webgpu": "4.22.0" };
type Package = keyof typeof WEBGPU_PACKAGES;

/** Returns the path of a package beside the library, or in the folder of the notebook. */
function pathOf(name: Package): string | null {
  try {
    return load.resolve(name, { paths: [__dirname, process.cwd()] });
  } catch {
    return null;
  }
}

/** Returns the packages that are not installed, with the versions to install. */
export function missingForWebgpu(): string[] {
  const names = Object.keys(WEBGPU_PACKAGES) as Package[];
  return names.filter((name) => pathOf(name) === null).map((name) => `${name}@${WEBGPU_PACKAGES[name]}`);
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
  // The backend looks for the browser's object when it is loaded.
  const navigator = { gpu: create([]) };
  Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true, writable: true });
  withOwnCore(() => load(pathOf("@tensorflow/tfjs-backend-webgpu") as string));
}

const CORE = "@tensorflow/tfjs-core";

/** Resolver of module names; Node 20 has no public hook for it. */
interface Resolver {
  _resolveFilename(request: string, ...rest: unknown[]): string;
}

/** Makes loaded packages use the library's core, wherever they are: a backend is known only to its core. */
function withOwnCore(body: () => void): void {
  const resolver = Module as unknown as Resolver;
  const original = resolver._resolveFilename;
  const folder = dirname(load.resolve(`${CORE}/package.json`));
  resolver._resolveFilename = (request, ...rest) =>
    original(
      request === CORE || request.startsWith(`${CORE}/`) ? folder + request.slice(CORE.length) : request,
      ...rest,
    );
  try {
    body();
  } finally {
    resolver._resolveFilename = original;
  }
}
