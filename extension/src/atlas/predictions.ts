import { type AtlasPayload, AtlasValues, type AtlasReply, type Grid } from "fovea/protocol";
import { type AtlasState, isRouters, weightsOf } from "./state";

/** Predictions on screen with their size. */
export interface ShownPredictions {
  size: Grid;
  values: Float32Array[];
  /** Time of the kernel; missing for saved predictions. */
  milliseconds?: number;
}

/** Predictions by the kernel where it answered, else those of the notebook. */
export class AtlasStore {
  readonly values: AtlasValues;
  private answered: { key: string; shown: ShownPredictions } | undefined;
  private asked: { serial: number; key: string } | undefined;
  private serial = 0;

  constructor(private readonly payload: AtlasPayload) {
    this.values = new AtlasValues(payload);
  }

  /** Returns what is known of a state at once. */
  shown(state: AtlasState): ShownPredictions {
    if (this.answered?.key === keyOf(state)) return this.answered.shown;
    const values = this.payload.tasks.map((_, task) =>
      isRouters(state) ? this.values.own(task) : this.values.at(task, weightsOf(this.payload, state, task)),
    );
    return { size: this.payload.size, values };
  }

  /** Returns the number of a question for a state; undefined where it was asked or answered. */
  ask(state: AtlasState): number | undefined {
    const key = keyOf(state);
    if (this.answered?.key === key || this.asked?.key === key) return undefined;
    this.asked = { serial: ++this.serial, key };
    return this.serial;
  }

  /** Takes an answer to the last question; older ones are dropped. */
  accept({ serial, milliseconds }: AtlasReply, values: Float32Array[]): void {
    if (!this.asked || serial !== this.asked.serial) return;
    this.answered = { key: this.asked.key, shown: { size: this.payload.fullSize, values, milliseconds } };
    this.asked = undefined;
  }

  /** Forgets the question that failed, so that it can be asked again. */
  forget(): void {
    this.asked = undefined;
  }
}

const keyOf = ({ weights, closed }: AtlasState): string => JSON.stringify([weights ?? null, closed]);
