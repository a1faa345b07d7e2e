/** A training for the tests of its view, without a model. */
import type { MimeBundle } from "../../kernel/display/host";
import type { TrainingObserverLike, TrainingStepLike } from "../../kernel/view/training";
import { TRAINING_MIME, type RunPlan, type TrainingPayload } from "../../kernel/protocol/training/payload";
import { readTraining } from "../../kernel/protocol/training/read";

export const PLAN: RunPlan = {
  stages: [
    { name: "projector", steps: 10, groups: [{ label: "projector", learningRate: 1e-3, size: 64 }] },
    { name: "adapters", steps: 90, groups: [{ label: "lora", learningRate: 2e-4, size: 128 }] },
  ],
  totalSteps: 100,
  step: 0,
  accumulate: 1,
  batches: 5,
  device: "wasm",
  checkpoint: true,
};

export function report(step: number, more: Partial<TrainingStepLike> = {}): TrainingStepLike {
  const stageIndex = step > 10 ? 1 : 0;
  return {
    step,
    stageIndex,
    stageStep: step - 10 * stageIndex,
    epoch: step / 5,
    loss: 1 / step,
    gradientNorm: 2,
    metrics: { accuracy: step / 100 },
    learningRates: stageIndex ? { lora: 2e-4 } : { projector: 1e-3 },
    milliseconds: 20,
    remainingMilliseconds: Math.max(0, 20 * (100 - step)),
    examples: 8,
    memory: { tensors: 12, bytes: 4096, resident: 2e8 },
    validation: null,
    pictures: [],
    ...more,
  };
}

/** A training whose events are in the test's hands. */
export class Puppet {
  readonly commands: string[] = [];
  private observers: TrainingObserverLike[] = [];

  constructor(readonly name = "") {}

  pause(): void {
    this.commands.push("pause");
  }
  resume(): void {
    this.commands.push("resume");
  }
  stop(): void {
    this.commands.push("stop");
  }
  observe(observer: TrainingObserverLike): () => void {
    this.observers.push(observer);
    return () => void (this.observers = this.observers.filter((one) => one !== observer));
  }
  begin(plan: RunPlan = PLAN): void {
    for (const one of this.observers) one.began({ ...plan, checkpoint: "/home/someone/secret.safetensors" });
    this.change("running");
  }
  step(of: TrainingStepLike): void {
    for (const one of this.observers) one.stepped(of);
  }
  change(state: Parameters<TrainingObserverLike["changed"]>[0], message = ""): void {
    for (const one of this.observers) one.changed(state, message);
  }
}

export const savedOf = (bundle: MimeBundle): TrainingPayload =>
  readTraining(JSON.parse(JSON.stringify(bundle[TRAINING_MIME])));
