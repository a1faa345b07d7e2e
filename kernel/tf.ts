/** Namespace tfjs for layers and losses, with its gradients: `import * as tf from "fovea/tf"`. */
import "@tensorflow/tfjs-layers";
import * as core from "@tensorflow/tfjs-core";
import { offerDevices } from "./backend/first-use";

offerDevices(core);

export * from "@tensorflow/tfjs-core";
