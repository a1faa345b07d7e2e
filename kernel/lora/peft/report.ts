import { LoraError } from "../error";

/** Tensors of a file that an adapter took or missed. */
export interface AdapterReport {
  loaded: string[];
  /** Keys of the adapter that the file lacks. */
  missing: string[];
  /** Keys of the file that the adapter lacks. */
  unexpected: string[];
  /** Keys whose shapes differ. */
  misshaped: { key: string; expected: number[]; received: number[] }[];
  /** Copies of base weights that PEFT adds for embeddings; their bits equal the model's. */
  baseCopies: string[];
}

type Shaped = ReadonlyMap<string, { shape: readonly number[] }>;

/** Compares the keys and shapes of an adapter with those of a file. */
export function compareKeys(expected: Shaped, stored: Shaped, baseCopies: string[] = []): AdapterReport {
  const shared = [...expected].flatMap(([key, { shape }]) => {
    const received = stored.get(key)?.shape;
    return received ? [{ key, expected: [...shape], received: [...received] }] : [];
  });
  const fits = (one: (typeof shared)[number]): boolean => one.expected.join() === one.received.join();
  return {
    loaded: shared.filter(fits).map(({ key }) => key),
    missing: [...expected.keys()].filter((key) => !stored.has(key)),
    unexpected: [...stored.keys()].filter((key) => !expected.has(key) && !baseCopies.includes(key)),
    misshaped: shared.filter((one) => !fits(one)),
    baseCopies,
  };
}

/**
 * Checks that a report has no fault.
 *
 * @throws LoraError naming every missing, unexpected and misshaped key
 */
export function checkReport(fn: string, { missing, unexpected, misshaped }: AdapterReport): void {
  const shapes = misshaped.map(({ key, expected, received }) => `${key} [${received}] for [${expected}]`);
  const complaints = [
    ...(missing.length ? [`missing: ${missing.join(", ")}`] : []),
    ...(unexpected.length ? [`unexpected: ${unexpected.join(", ")}`] : []),
    ...(shapes.length ? [`mis-shaped: ${shapes.join(", ")}`] : []),
  ];
  if (complaints.length)
    throw new LoraError(fn, `the file's keys must be the adapter's (${complaints.join("; ")})`, "another set");
}
