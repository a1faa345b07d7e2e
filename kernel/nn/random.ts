import { Prng } from "../prng";

/** Where layers take their first values and dropout its masks from: one stream, seeded, whose state checkpoints keep. */
let shared = new Prng(0, "nn");

/** Starts the stream of random numbers that layers share anew (sfc32; before the first call the seed is 0). */
export function manualSeed(seed: number): void {
  shared = new Prng(seed, "nn");
}

/** The shared generator. */
export function sharedRandom(): Prng {
  return shared;
}
