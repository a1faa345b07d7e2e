/** Namespace tfjs for layers and losses, with its gradients: `import * as tf from "fovea/tf"`. */
import { createRequire } from "node:module";

createRequire(__filename)("@tensorflow/tfjs-layers");

export * from "@tensorflow/tfjs-core";
