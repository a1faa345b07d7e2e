import { Prng } from "../prng";
import { TrainError } from "./error";

/**
 * Batches by epoch and place, always the same for the same place: a training that goes on later needs no more than numbers.
 * A batch is plain data; tensors are made of it inside the loss, where they are freed.
 */
export interface BatchSource<B> {
  /** Batches in an epoch. */
  readonly length: number;
  batch(epoch: number, index: number): B | Promise<B>;
}

export interface BatchOptions {
  /** Items in a batch. */
  size: number;
  /** Default true: another order each epoch. */
  shuffle?: boolean;
  /** Of the order; default 0. */
  seed?: number;
  /** Leaves out a last batch that is not full; default false. */
  dropLast?: boolean;
}

/** Items in batches, in a seeded order that changes with the epoch. */
export function batches<T>(
  items: readonly T[],
  { size, shuffle = true, seed = 0, dropLast = false }: BatchOptions,
): BatchSource<T[]> {
  const fn = "train.batches";
  if (!Number.isInteger(size) || size < 1) throw new TrainError(fn, "size must be a whole number above 0", size);
  const length = dropLast ? Math.floor(items.length / size) : Math.ceil(items.length / size);
  if (length === 0) throw new TrainError(fn, "there must be items for one batch", items.length);
  let known = { epoch: -1, order: [] as number[] };
  const orderOf = (epoch: number): number[] => {
    if (known.epoch !== epoch)
      known = { epoch, order: order(items.length, shuffle ? new Prng(seed, `epoch ${epoch}`) : null) };
    return known.order;
  };
  return {
    length,
    batch: (epoch, index) =>
      orderOf(epoch)
        .slice(index * size, (index + 1) * size)
        .map((place) => items[place]),
  };
}

/** Fisher and Yates' shuffle of 0..count-1; in order without a generator. */
function order(count: number, random: Prng | null): number[] {
  const places = [...new Array<number>(count).keys()];
  if (!random) return places;
  for (let i = count - 1; i > 0; i--) {
    const j = random.int(i + 1);
    [places[i], places[j]] = [places[j], places[i]];
  }
  return places;
}
