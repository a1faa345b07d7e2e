import { shuffled } from "../../numeric/order";
import { checkOptionNames, type OptionNames } from "../../rules/option-names";
import { checkSeed, Prng } from "../../numeric/prng";
import { TrainError } from "../error";
import { isWhole } from "../../rules/rule-error";

/**
 * Batches by epoch and position. The same position always gives the same batch, so a resumed training needs only
 * numbers. A batch is plain data; the loss makes tensors of it and frees them.
 */
export interface BatchSource<B> {
  /** Number of batches in an epoch. */
  readonly length: number;
  batch(epoch: number, index: number): B | Promise<B>;
}

/** Options of {@link batches}. */
export interface BatchOptions {
  /** Number of items in a batch. */
  batchSize: number;
  /** Use another order each epoch. Default true. */
  shuffle?: boolean;
  /** Seed of the order. Default 0. */
  seed?: number;
  /** Omit a last batch that is not full. Default false. */
  dropLast?: boolean;
}

const NAMES: OptionNames<BatchOptions> = { batchSize: true, shuffle: true, seed: true, dropLast: true };

/**
 * Groups items into batches, in a seeded order that changes with the epoch.
 *
 * @throws TrainError for an unknown option, an invalid batch size or no items
 */
export function batches<T>(items: readonly T[], options: BatchOptions): BatchSource<T[]> {
  checkOptionNames("train.batches", options, NAMES, TrainError);
  const { batchSize, shuffle = true, seed = 0, dropLast = false } = options;
  if (!Number.isInteger((items as typeof items | null)?.length))
    throw new TrainError("train.batches", "items must be a list", items);
  checkSeed("train.batches", seed, TrainError);
  const orderOf = (epoch: number): number[] => order(items.length, shuffle ? new Prng(seed, `epoch ${epoch}`) : null);
  return batchesOf(items, { fn: "train.batches", batchSize, dropLast, count: items.length }, orderOf);
}

/** Cut of an epoch's items into batches. */
export interface Cut extends Required<Pick<BatchOptions, "batchSize" | "dropLast">> {
  /** Public function, for errors. */
  fn: string;
  /** Number of items in an epoch. */
  count: number;
}

/**
 * Groups items into batches, in the order that a function gives for each epoch.
 *
 * @throws TrainError for an invalid size or no items
 */
export function batchesOf<T>(
  items: readonly T[],
  { fn, batchSize, dropLast, count }: Cut,
  orderOf: (epoch: number) => number[],
): BatchSource<T[]> {
  if (!isWhole(batchSize)) throw new TrainError(fn, "batchSize must be a whole number above 0", batchSize);
  const length = dropLast ? Math.floor(count / batchSize) : Math.ceil(count / batchSize);
  if (length === 0) throw new TrainError(fn, "there must be items for one batch", count);
  let known = { epoch: -1, order: [] as number[] };
  return {
    length,
    batch: (epoch, index) => {
      if (known.epoch !== epoch) known = { epoch, order: orderOf(epoch) };
      return known.order.slice(index * batchSize, (index + 1) * batchSize).map((place) => items[place]);
    },
  };
}

/** Shuffles 0..count-1 (Fisher-Yates); without a generator the order is ascending. */
function order(count: number, random: Prng | null): number[] {
  const places = [...new Array<number>(count).keys()];
  return random ? shuffled(places, () => random.next()) : places;
}
