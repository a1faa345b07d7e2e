/** tfjs as layers and losses compute with it, with its gradients: `import * as tf from "fovea/tf"`. */
import { createRequire } from "node:module";

createRequire(__filename)("@tensorflow/tfjs-layers");

export * from "@tensorflow/tfjs-core";
