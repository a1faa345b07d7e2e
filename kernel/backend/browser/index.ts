/** Backends of a page: onnxruntime-web and tfjs. In a bundle for a browser it stands for `backend/node`. */
import { DeviceError } from "../types";

export { doctor, probeAll, probeDevice, probeTraining, resolveDevice } from "./devices";
export { loadCore, loadCpu, loadCpuClass, loadWasmPackage } from "./packages";
export { forThread, RUNTIME, runtimeVersion } from "./runtime";

/** The device `native` is onnxruntime's binding for Node. */
export const hasNative = false;
export const TENSORFLOW_BACKEND = "tensorflow";
export const WEBGPU_PACKAGES = {};

function refuse(what: string): never {
  throw new DeviceError("nn.start", "device must be wasm or cpu in a browser", what);
}

export const backendsFolder = (): never => refuse("an installed backend");
export const loadOnnxBinding = (): never => refuse("native");
export const loadWebgpu = async (): Promise<never> => refuse("webgpu");
export const registerTensorflow = (): never => refuse("tensorflow");

export const askNvidia = async (): Promise<undefined> => undefined;
export const loaderEnvironment = (): Record<string, string> => ({});
export const memoryOfMachine = (): number => 2 ** 32;
/** A page has one device for models. */
export const preferDevice = (): void => undefined;
export const missingForWebgpu = (): string[] => ["@tensorflow/tfjs-backend-webgpu"];
export const offerTensorflow = (): void => undefined;
export const tensorflowBuild = (): null => null;
export const tensorflowBuilds = (): never[] => [];
