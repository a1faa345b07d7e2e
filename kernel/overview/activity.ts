import { readDevice } from "../backend/usage";
import { type OpenEncoder, openEncoders } from "../encoders/open-encoders";
import {
  type ActivityReply,
  type ListedTraining,
  type LoadedEncoder,
  MOST_LISTED,
  type SteerCommand,
} from "../protocol/overview";
import { type SessionTraining, sessionTrainings } from "../train/session-trainings";
import { limitOfLiveBytes, liveBytes } from "../view/live";
import { OverviewRefusal } from "./refusal";

/** Memory and work of the session. */
export async function readActivity(): Promise<ActivityReply> {
  return {
    type: "activity",
    status: await readDevice(),
    encoders: [...openEncoders.byNumber()].slice(-MOST_LISTED).map(loaded),
    trainings: [...sessionTrainings.byNumber()].slice(-MOST_LISTED).map(training),
    viewBytes: liveBytes(),
    viewLimit: limitOfLiveBytes(),
  };
}

/** Bytes of a weight by precision. */
const BYTES = { fp32: 4, int8: 1 };

function loaded([id, { name, device, info }]: [number, OpenEncoder]): LoadedEncoder {
  return { id, name: name.slice(0, 1000), device, bytes: info.parameters * BYTES[info.precision] };
}

function training([id, control]: [number, SessionTraining]): ListedTraining {
  const { step, totalSteps } = control.progress;
  return { id, name: control.name.slice(0, 1000), state: control.state, step, totalSteps };
}

/** Frees an encoder. @throws OverviewRefusal where there is none of that number */
export async function freeEncoder(id: number): Promise<void> {
  const encoder = openEncoders.byNumber().get(id);
  if (!encoder) throw new OverviewRefusal("id must be that of an encoder in memory", id);
  await encoder.dispose();
}

/** Pauses, continues or stops a training. @throws OverviewRefusal where there is none of that number */
export function steerTraining(id: number, command: SteerCommand): void {
  const control = sessionTrainings.byNumber().get(id);
  if (!control) throw new OverviewRefusal("id must be that of a training of this session", id);
  control[command]();
}
