import { ProtocolError, index, list, object, oneOf } from "../core/check";
import { REPLY, REQUEST, messageReader } from "../core/messages";
import { MAX_RUNS, type RunCommand, type RunEvent, type SavedRun } from "./payload";
import { MAX_EVENTS, runEvent, savedRun } from "./read";

/** Browser to kernel: pause, resume or stop a run. */
export interface SteerRequest {
  type: "steer";
  /** Position in the payload's `runs`. */
  run: number;
  command: RunCommand;
}

/** Browser to kernel: the whole output as it is now, to be saved in the notebook. */
export interface BundleRequest {
  type: "bundle";
}

export type TrainingRequest = SteerRequest | BundleRequest;

/** Kernel to browser, once after `ready`: the runs so far. */
export interface RunsReply {
  type: "runs";
  runs: SavedRun[];
}

/** Kernel to browser: the events of a run since. */
export interface EventsReply {
  type: "events";
  run: number;
  events: RunEvent[];
}

/** Kernel to browser: the output, by mime type. */
export interface BundleReply {
  type: "bundle";
  bundle: Record<string, unknown>;
}

export type TrainingReply = RunsReply | EventsReply | BundleReply;

/** @throws ProtocolError */
export const readTrainingRequest: (value: unknown) => TrainingRequest = messageReader<TrainingRequest>(REQUEST, {
  steer: object<SteerRequest>({
    type: oneOf(["steer"]),
    run: index,
    command: oneOf<RunCommand>(["pause", "resume", "stop"]),
  }),
  bundle: object<BundleRequest>({ type: oneOf(["bundle"]) }),
});

/** @throws ProtocolError */
export const readTrainingReply: (value: unknown) => TrainingReply = messageReader<TrainingReply>(REPLY, {
  runs: object<RunsReply>({ type: oneOf(["runs"]), runs: list(savedRun, 1, MAX_RUNS) }),
  events: object<EventsReply>({ type: oneOf(["events"]), run: index, events: list(runEvent, 0, MAX_EVENTS) }),
  bundle: object<BundleReply>({
    type: oneOf(["bundle"]),
    bundle: (value, path, where) => {
      if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
      throw new ProtocolError(where, path, "an object", value);
    },
  }),
});
