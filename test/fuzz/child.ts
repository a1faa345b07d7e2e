/** Runs the cases of one reader in a process that can be ended when a case never ends. */
import { openSync, writeSync } from "node:fs";
import { Prng } from "../../kernel/numeric/prng.ts";
import { RuleError } from "../../kernel/rules/rule-error.ts";
import { targets } from "./targets.ts";

/** Given to the process: cases `first` to `first + cases` unless the time is over before; the number of each goes into the file `at` before it runs. */
export interface Order {
  target: string;
  seed: number;
  first: number;
  cases: number;
  milliseconds: number;
  at: string;
}

/** Result of a process. */
export interface Outcome {
  tried: number;
  accepted: number;
  typed: number;
  failed: { case: number; error: string }[];
}

const MOST_REPORTED = 20;

async function run(order: Order): Promise<Outcome> {
  const at = openSync(order.at, "w");
  const number = Buffer.alloc(4);
  const target = await targets[order.target]();
  const outcome: Outcome = { tried: 0, accepted: 0, typed: 0, failed: [] };
  const end = performance.now() + order.milliseconds;
  for (let i = order.first; i < order.first + order.cases && performance.now() < end; i++) {
    number.writeUInt32LE(i);
    writeSync(at, number, 0, 4, 0);
    outcome.tried++;
    try {
      await target.run(new Prng(order.seed + i, order.target));
      outcome.accepted++;
    } catch (error) {
      if (error instanceof RuleError || (error instanceof Error && target.typed?.(error))) outcome.typed++;
      else if (outcome.failed.length < MOST_REPORTED) outcome.failed.push({ case: i, error: textOf(error) });
    }
  }
  await target.close?.();
  return outcome;
}

const textOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? String(error)).slice(0, 600) : String(error);

process.once("message", (order: Order) => {
  void run(order).then((outcome) => process.send?.(outcome, () => process.exit()));
});
