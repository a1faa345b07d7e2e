import { readFit, type FitChoice, type LawPayload, type SavedFit, type UncheckedFitReply } from "fovea/protocol";

/** Origin of the fit on screen. */
export type FitOrigin = { kind: "saved" } | { kind: "kernel"; milliseconds: number };

/** The fits at hand: saved ones at first, then what the kernel answers. */
export class FitStore {
  /** The fit on screen. */
  shown: SavedFit;
  origin: FitOrigin = { kind: "saved" };

  constructor(private readonly payload: LawPayload) {
    this.shown = payload.fits[0];
  }

  /** Returns whether there is a saved fit for this choice. */
  has(choice: FitChoice): boolean {
    return this.saved(choice) !== undefined;
  }

  /** Shows the saved fit of a choice, if there is one, and numbers the question that goes to the kernel. */
  choose(choice: FitChoice): number {
    const saved = this.saved(choice);
    if (saved) {
      this.shown = saved;
      this.origin = { kind: "saved" };
    }
    return ++this.serial;
  }

  /** Takes the kernel's answer, unless it is late. @throws ProtocolError on a fit of another table. */
  accept(reply: UncheckedFitReply): boolean {
    if (reply.serial !== this.serial) return false;
    this.shown = readFit(reply.fit, this.payload, "fovea.view reply");
    this.origin = { kind: "kernel", milliseconds: reply.milliseconds };
    return true;
  }

  private saved(choice: FitChoice): SavedFit | undefined {
    return this.payload.fits.find((fit) => sameChoice(fit.choice, choice));
  }

  private serial = 0;
}

export function sameChoice(a: FitChoice, b: FitChoice): boolean {
  if (a.terms || b.terms) return a.terms?.join() === b.terms?.join();
  return a.degree === b.degree;
}
