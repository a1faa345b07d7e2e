import { Prng } from "../prng";

/** Random stream of layers' initial values and dropout's masks, whose state checkpoints keep. */
let shared = new Prng(0, "nn");

/** Restarts the shared stream of random numbers (sfc32); before the first call the seed is 0. */
export function manualSeed(seed: number): void {
  shared = new Prng(seed, "nn");
}

/** Returns the shared generator. */
export function sharedRandom(): Prng {
  return shared;
}
