/**
 * Files that `fovea backend install` fetches, with their hashes. A wheel's name holds project, version and tags; all
 * wheels are read as archives, so none has to match the Python that fetches it.
 */

/** Inputs of a backend's maker. */
export interface Workshop {
  recipe: Recipe;
  python: string;
  /** C++ compiler; empty where nothing is compiled. */
  compiler: string;
  wheel: string;
  /** Tarballs by package name. */
  packages: Map<string, string>;
  /** Folder of the result, which becomes the backend's folder. */
  target: string;
  /** Folder of temporary files. */
  scratch: string;
  say: (step: string) => void;
}

/** File of a Python package index. */
export interface Wheel {
  file: string;
  /** Hash in hexadecimal. */
  sha256: string;
  bytes: number;
}

/** Tarball of an npm registry. */
export interface NpmPackage {
  name: string;
  version: string;
  /** Hash as in a lock file: `sha512-…` in base64. */
  integrity: string;
  bytes: number;
}

/** Name of an installable backend. */
export type BackendName = "tensorflow" | "tensorflow-gpu" | "cuda";

/** Parts of one backend. */
export interface Recipe {
  name: BackendName;
  /** Platforms of `wheels`, as `process.platform-process.arch`. */
  platforms: string[];
  /** Wheel with the runtime's libraries. */
  wheel: Wheel;
  packages: NpmPackage[];
  /** NVIDIA's wheels, shared by all backends. */
  nvidia: Wheel[];
  /** Largest disk space needed during the installation. */
  diskBytes: number;
}

export const TFJS_VERSION = "4.22.0";
export const TENSORFLOW_VERSION = "2.21.0";
export const ONNXRUNTIME_VERSION = "1.26.0";

const TFJS_NODE: NpmPackage = {
  name: "@tensorflow/tfjs-node",
  version: TFJS_VERSION,
  integrity: "sha512-uHrXeUlfgkMxTZqHkESSV7zSdKdV0LlsBeblqkuKU9nnfxB1pC6DtoyYVaLxznzZy7WQSegjcohxxCjAf6Dc7w==",
  bytes: 228166,
};

const TFJS_NODE_GPU: NpmPackage = {
  name: "@tensorflow/tfjs-node-gpu",
  version: TFJS_VERSION,
  integrity: "sha512-p//NN6DGiN4hInUmIkRffaFVMcdTREUMjPyjW04J7OXvB2zBlQimj61eFKSgRrH3f5TnOfKzb0n56he/B6a4bw==",
  bytes: 223379,
};

const BESIDE_TFJS_NODE: NpmPackage[] = [
  {
    name: "google-protobuf",
    version: "3.21.4",
    integrity: "sha512-MnG7N936zcKTco4Jd2PX2U96Kf9PxygAPKBug+74LHzmHXmceN16MmRcdgZv+DGef/S9YvQAfRsNCn4cjf9yyQ==",
    bytes: 68046,
  },
  {
    name: "node-api-headers",
    version: "1.9.0",
    integrity: "sha512-2oNILP4jXwRB4ywnYKjVk1YyJ96n2D4EOVJO6S3oYZ5PtbJrw3Yt9TpAuX3nBLMuzn74rnfGQrv13pS9vC+YiA==",
    bytes: 16974,
  },
];

const wheel = (file: string, bytes: number, sha256: string): Wheel => ({ file: `${file}.whl`, sha256, bytes });

const TENSORFLOW_CPU = wheel(
  `tensorflow_cpu-${TENSORFLOW_VERSION}-cp312-cp312-manylinux_2_27_x86_64`,
  274000871,
  "dcc8afd32930e42d5296b6ee19078b773706830af4ea97fbe503b9f5e0f820cb",
);
const TENSORFLOW_GPU = wheel(
  `tensorflow-${TENSORFLOW_VERSION}-cp312-cp312-manylinux_2_27_x86_64`,
  572611111,
  "b3b95643c4e70eb925839938fb35cbe142f317ec84af6844ee61513713bb13c0",
);
const ONNXRUNTIME_GPU = wheel(
  `onnxruntime_gpu-${ONNXRUNTIME_VERSION}-cp312-cp312-manylinux_2_27_x86_64.manylinux_2_28_x86_64`,
  276971796,
  "3c01119ed4d9449d60367fa8ccffcd02bd3fe736754284e4b198d131f54edad6",
);

/** Libraries linked by onnxruntime's CUDA provider. */
const CUDA_12: Wheel[] = [
  wheel(
    "nvidia_cublas_cu12-12.9.3.13-py3-none-manylinux_2_27_x86_64",
    581217458,
    "d7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72",
  ),
  wheel(
    "nvidia_cuda_nvrtc_cu12-12.9.86-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64",
    89568129,
    "210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4",
  ),
  wheel(
    "nvidia_cuda_runtime_cu12-12.9.79-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64",
    3493179,
    "25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3",
  ),
  wheel(
    "nvidia_cudnn_cu12-9.28.0.42-py3-none-manylinux_2_27_x86_64",
    716538495,
    "9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375",
  ),
  wheel(
    "nvidia_cufft_cu12-11.4.1.4-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64",
    200877592,
    "c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28",
  ),
  wheel(
    "nvidia_curand_cu12-10.3.10.19-py3-none-manylinux_2_27_x86_64",
    68295626,
    "49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e",
  ),
  wheel(
    "nvidia_nvjitlink_cu12-12.9.86-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64",
    39748338,
    "e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9",
  ),
];

/** Further libraries of `tensorflow[and-cuda]`. */
const CUDA_12_FOR_TENSORFLOW: Wheel[] = [
  wheel(
    "nvidia_cuda_cupti_cu12-12.9.79-py3-none-manylinux_2_25_x86_64",
    10814997,
    "096bcf334f13e1984ba36685ad4c1d6347db214de03dbb6eebb237b41d9d934f",
  ),
  wheel(
    "nvidia_cuda_nvcc_cu12-12.9.86-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64",
    40546229,
    "5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0",
  ),
  wheel(
    "nvidia_cusolver_cu12-11.7.5.82-py3-none-manylinux_2_27_x86_64",
    338117415,
    "15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88",
  ),
  wheel(
    "nvidia_cusparse_cu12-12.5.10.65-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64",
    366465088,
    "73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78",
  ),
  wheel(
    "nvidia_nccl_cu12-2.32.3-py3-none-manylinux_2_27_x86_64",
    351526311,
    "bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c",
  ),
];

const GB = 1e9;

export const RECIPES: Record<BackendName, Recipe> = {
  tensorflow: {
    name: "tensorflow",
    platforms: ["linux-x64"],
    wheel: TENSORFLOW_CPU,
    packages: [TFJS_NODE, ...BESIDE_TFJS_NODE],
    nvidia: [],
    diskBytes: 1.5 * GB,
  },
  "tensorflow-gpu": {
    name: "tensorflow-gpu",
    platforms: ["linux-x64"],
    wheel: TENSORFLOW_GPU,
    packages: [TFJS_NODE_GPU, ...BESIDE_TFJS_NODE],
    nvidia: [...CUDA_12, ...CUDA_12_FOR_TENSORFLOW],
    diskBytes: 9 * GB,
  },
  cuda: {
    name: "cuda",
    platforms: ["linux-x64"],
    wheel: ONNXRUNTIME_GPU,
    packages: [],
    nvidia: CUDA_12,
    diskBytes: 5 * GB,
  },
};
