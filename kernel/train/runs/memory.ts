import type { GpuMemory } from "../../backend";
import { tensorflowBuild } from "../../backend/node";
import { tf } from "../../backend/tf";
import { trainingDevice } from "../../backend/tfjs";
import { nvidiaMemory } from "../../backend/usage";
import { platform } from "../../platform";

/** Memory use of a training. */
export interface TrainingMemory {
  /** Number of tfjs tensors. */
  tensors: number;
  bytes: number;
  /** Memory of the whole process in bytes. */
  resident: number;
  /** Memory of the graphics card where one computes; a few seconds old. */
  gpu?: GpuMemory;
}

/** Interval of reading GPU memory. NVIDIA's tool is a separate process, too slow for every step. */
const GPU_EVERY_MS = 5000;

/** Reads memory after each step, and the card's at intervals. */
export class MemoryMeter {
  private gpu: GpuMemory | undefined;
  private asked = -Infinity;
  private readonly hasCard = computesOnCard();

  read(): TrainingMemory {
    if (this.hasCard && performance.now() - this.asked > GPU_EVERY_MS) this.ask();
    const { numTensors: tensors, numBytes: bytes } = tf.memory();
    return { tensors, bytes, resident: platform().residentBytes(), ...(this.gpu && { gpu: this.gpu }) };
  }

  private ask(): void {
    this.asked = performance.now();
    void nvidiaMemory().then((gpu) => (this.gpu = gpu));
  }
}

function computesOnCard(): boolean {
  const device = trainingDevice();
  return device === "webgpu" || (device === "tensorflow" && tensorflowBuild()?.gpu === true);
}
