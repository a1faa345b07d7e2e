import { LoraError } from "../error";

/** Which of a file's tensors an adapter took. */
export interface AdapterReport {
  loaded: string[];
  /** The adapter has it, the file does not. */
  missing: string[];
  /** The file has it, the adapter does not. */
  unexpected: string[];
  /** Both have it, with other shapes. */
  misshaped: { key: string; expected: number[]; received: number[] }[];
  /** Copies of base weights that PEFT adds for embeddings; they were the same bits as the model's. */
  baseCopies: string[];
}

type Shaped = ReadonlyMap<string, { shape: readonly number[] }>;

/** Compares what an adapter needs with what a file holds, by key and shape. */
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

/** @throws LoraError naming every missing, unexpected and mis-shaped key */
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
