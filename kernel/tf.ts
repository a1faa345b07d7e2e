/** tfjs as layers and losses compute with it, with its gradients: `import * as tf from "fovea/tf"`. */
import "@tensorflow/tfjs-layers";

export * from "@tensorflow/tfjs-core";
