import { checkSeed, Prng } from "../../numeric/prng";
import { NnError } from "../error";

/** Random stream of layers' initial values and dropout's masks, whose state checkpoints keep. */
let shared = new Prng(0, "nn");

/**
 * Restarts the shared stream of random numbers (sfc32); before the first call the seed is 0.
 *
 * @throws NnError for a seed that is no whole number of at least 0
 */
export function manualSeed(seed: number): void {
  checkSeed("nn.manualSeed", seed, NnError);
  shared = new Prng(seed, "nn");
}

/** Returns the shared generator. */
export function sharedRandom(): Prng {
  return shared;
}
