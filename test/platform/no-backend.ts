/** No device computes on this machine. Stands for `kernel/backend/node`. */
import { DeviceError } from "../../kernel/backend/types.ts";

function refuse(fn: string): never {
  throw new DeviceError(fn, "this machine must have a backend", "none");
}

export const TENSORFLOW_BACKEND = "tensorflow";
export const WEBGPU_PACKAGES = {};

export const askNvidia = async (): Promise<undefined> => undefined;
export const backendsFolder = (): never => refuse("backendsFolder");
export const doctor = async (): Promise<never> => refuse("doctor");
export const loadCore = (): never => refuse("nn.start");
export const loadCpuClass = (): never => refuse("nn.start");
export const loadOnnxBinding = (): never => refuse("nn.start");
export const memoryOfMachine = (): number => 0;
export const offerTensorflow = (): void => undefined;
export const loadCpu = async (): Promise<never> => refuse("nn.start");
export const loadWasmPackage = async (): Promise<never> => refuse("nn.start");
export const loadWebgpu = async (): Promise<never> => refuse("nn.start");
export const loaderEnvironment = (): object => ({});
export const missingForWebgpu = (): string[] => ["webgpu"];
export const probeAll = async (): Promise<object[]> => [];
export const probeDevice = async (): Promise<never> => refuse("probeDevice");
export const probeTraining = async (): Promise<object[]> => [];
export const registerTensorflow = (): never => refuse("nn.start");
export const resolveDevice = async (): Promise<never> => refuse("encoders.load");
export const runtimeVersion = (): string => "none";
export const tensorflowBuild = (): null => null;
export const tensorflowBuilds = (): object[] => [];
