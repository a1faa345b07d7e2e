import { announce } from "../display/changes";
import type { TrainingControl } from "./runs/control";

const known = new Map<number, WeakRef<TrainingControl>>();
const numbers = new WeakMap<TrainingControl, number>();
let last = 0;

/** Notes that a training has begun, ended, changed or moved on. */
export function noteTraining(control: TrainingControl): void {
  if (!numbers.has(control)) {
    numbers.set(control, ++last);
    known.set(last, new WeakRef(control));
  }
  announce();
}

/** Returns the trainings of this process by number, oldest first. One that ended stays while something holds its control. */
export function sessionTrainings(): Map<number, TrainingControl> {
  const found = new Map<number, TrainingControl>();
  for (const [id, one] of known) {
    const control = one.deref();
    if (control) found.set(id, control);
    else known.delete(id);
  }
  return found;
}
