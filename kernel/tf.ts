/** Namespace tfjs for layers and losses, with its gradients: `import * as tf from "fovea/tf"`. */
import "@tensorflow/tfjs-layers";

export * from "@tensorflow/tfjs-core";
