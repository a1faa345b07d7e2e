import { cpSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { bindingFolder, copiedRuntime, packagedRuntime, runtimeVersion } from "../node/runtime";
import { tryRuntime } from "../node/probe";
import { DeviceError } from "../types";
import { loaderEnvironment } from "./places";
import { ONNXRUNTIME_VERSION, type Workshop } from "./recipes";
import { unpack } from "./unpack";

/**
 * Makes a copy of onnxruntime-node with the CUDA provider beside its binding, the only place where it is found. The
 * project's `node_modules` stays as npm made it.
 */
export async function makeCuda({ python, wheel, target, say }: Workshop): Promise<void> {
  checkVersion(runtimeVersion());
  const source = packagedRuntime();
  const copy = copiedRuntime(target);
  const binding = bindingFolder(source);
  say("copying onnxruntime-node");
  for (const part of ["package.json", "dist"]) cpSync(join(source, part), join(copy, part), { recursive: true });
  cpSync(binding, bindingFolder(copy), { recursive: true });
  copyCommon(source, join(target, "node_modules", "onnxruntime-common"));
  say("unpacking the provider");
  await unpack(
    python,
    wheel,
    bindingFolder(copy),
    /onnxruntime\/capi\/(libonnxruntime_providers_(?:cuda|shared)\.so)$/,
  );
}

/** Refuses a provider of another version than the binding's library, which would crash instead of failing. */
function checkVersion(version: string): void {
  if (version === ONNXRUNTIME_VERSION) return;
  throw new DeviceError("backend install", `the CUDA provider is for onnxruntime-node ${ONNXRUNTIME_VERSION}`, version);
}

/** Copies the common package, whose `package.json` cannot be resolved because it exports only its entries. */
function copyCommon(runtime: string, target: string): void {
  const entry = createRequire(join(runtime, "package.json")).resolve("onnxruntime-common");
  const folder = dirname(dirname(dirname(entry)));
  cpSync(join(folder, "package.json"), join(target, "package.json"));
  cpSync(dirname(entry), join(target, "dist", "cjs"), { recursive: true });
}

/**
 * Checks that the provider loads as far as the driver. Without a GPU it cannot go further, and the result says so,
 * because an installation for a cluster is made on such a machine.
 */
export async function checkCuda(folder: string): Promise<string | null> {
  const reason = await tryRuntime(copiedRuntime(folder), "cuda", loaderEnvironment());
  if (reason === null || /driver|no CUDA-capable device|libcuda\.so/i.test(reason)) return reason;
  throw new DeviceError("backend install", "the CUDA provider must load", reason);
}
