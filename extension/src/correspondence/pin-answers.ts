import type { CorrespondencePayload } from "fovea/protocol";
import type { FeatureStore } from "./features";
import { answersOf, type Answer } from "./query";
import type { Query, ViewState } from "./state";

/** Answers of the pins on all other images, kept while hovering: only a new layer, similarity or pin computes again. */
export class PinAnswers {
  answers(payload: CorrespondencePayload, store: FeatureStore, state: ViewState): Answer[][] {
    const key = `${state.layer} ${state.similarity}`;
    if (key !== this.key) this.forget();
    this.key = key;
    return state.pins.map((pin) => this.answer(payload, store, state, pin));
  }

  /** After new features came. */
  forget(): void {
    this.known = new WeakMap();
  }

  private answer(payload: CorrespondencePayload, store: FeatureStore, state: ViewState, pin: Query): Answer[] {
    let answers = this.known.get(pin);
    if (!answers) this.known.set(pin, (answers = answersOf(payload, store, state, pin)));
    return answers;
  }

  private key = "";
  private known = new WeakMap<Query, Answer[]>();
}
