import { tf } from "../../backend/tf";
import { NnError } from "../../nn/error";
import type { Module } from "../../nn/module/module";
import { failedCall } from "../../nn/module/watch";
import { RuleError } from "../../rules/rule-error";
import { tensorsIn } from "../update/diagnose";
import { TrainError } from "../error";

/** Circumstances of an update that failed. */
export interface FailedUpdate {
  model: Module;
  /** Number of the update. */
  step: number;
  /** Device that began the training. */
  device: string;
  /** File of the last checkpoint; null without one. */
  checkpoint: string | null;
}

/**
 * Explains an error of an update: a device that no longer computes, or a batch that a module cannot take. Other errors that
 * name a rule, an interrupt's, and those of the author's own code stay as they are.
 */
export async function explained(error: unknown, failed: FailedUpdate): Promise<unknown> {
  if (!(error instanceof Error) || error.name === "KeyboardInterrupt") return error;
  if (error instanceof NnError) return badBatch(error, failed);
  if (error instanceof RuleError) return error;
  return (await deviceComputes()) ? badBatch(error, failed) : lostDevice(error, failed);
}

/** Tests the device by one sum. */
async function deviceComputes(): Promise<boolean> {
  try {
    const sum = tf.tidy(() => tf.add(tf.scalar(1), tf.scalar(2)));
    const [value] = await sum.data();
    sum.dispose();
    return value === 3;
  } catch {
    return false;
  }
}

function lostDevice(error: Error, { step, device, checkpoint }: FailedUpdate): TrainError {
  const way = checkpoint
    ? `start one by nn.start and go on from ${checkpoint} with resume`
    : "start one by nn.start and train again; with a checkpoint it would go on";
  const rule = `the device ${device} must go on computing, but failed in step ${step} (${error.message}); ${way}`;
  return likened(new TrainError("train.fit", rule, device), error);
}

function badBatch(error: Error, { model, step }: FailedUpdate): Error {
  const call = failedCall(error);
  const name = [...model.namedModules()].find(([, module]) => module === call?.module)?.[0];
  if (!call || name === undefined) return error;
  const shapes = tensorsIn(call.inputs).map(({ shape }) => `[${shape.join(", ")}]`);
  const rule = `the batch of step ${step} must fit the model; ${name || "the model"}, ${call.module.constructor.name}, fails (${error.message})`;
  return likened(new TrainError("train.fit", rule, shapes.join(", ")), error);
}

/** Gives an error the cause and the lines of another one, so that a notebook still shows where it came up. */
function likened(made: TrainError, from: Error): TrainError {
  made.cause = from;
  const lines = from.stack?.split("\n").filter((line) => /^\s+at /.test(line)) ?? [];
  made.stack = [`${made.name}: ${made.message}`, ...lines].join("\n");
  return made;
}
