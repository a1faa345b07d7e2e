/**
 * Damaged inputs for every reader of what comes from outside: a reader accepts them or refuses them with an error of the library, and
 * ends either way. `npm test -- fuzz` takes about two minutes; `--cases=100000` tries so many, however long it takes.
 */
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { after, describe, it } from "node:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { targets } from "./targets.ts";
import type { Order, Outcome } from "./child.ts";

const CASES = Number(process.env.FOVEA_FUZZ_CASES || 0);
const SEED = Number(process.env.FOVEA_FUZZ_SEED || 1);
const names = Object.keys(targets);
const SECONDS = 100;
/** A case that takes longer than this never ends. */
const HANG_MS = 30_000;

const folder = mkdtempSync(join(tmpdir(), "fovea-fuzz-"));
const total = { tried: 0, accepted: 0, typed: 0, failed: 0 };

/** Runs one reader; a case that hangs is a failure, and the cases behind it go on in another process. */
async function fuzz(target: string): Promise<Outcome> {
  const whole: Outcome = { tried: 0, accepted: 0, typed: 0, failed: [] };
  const at = join(folder, target);
  const cases = CASES ? Math.ceil(CASES / names.length) : 1e9;
  const end = performance.now() + (CASES ? 1e9 : (SECONDS * 1000) / names.length);
  for (let first = 0; first < cases && performance.now() < end;) {
    const order: Order = {
      target,
      seed: SEED * 1e6,
      first,
      cases: cases - first,
      milliseconds: end - performance.now(),
      at,
    };
    const outcome = await runProcess(order);
    whole.tried += outcome.tried;
    whole.accepted += outcome.accepted;
    whole.typed += outcome.typed;
    whole.failed.push(...outcome.failed);
    first = caseOf(at, first) + 1;
    if (whole.failed.length > 20) break;
  }
  return whole;
}

/** The case that a process runs now. */
function caseOf(at: string, first: number): number {
  try {
    return readFileSync(at).readUInt32LE();
  } catch {
    return first;
  }
}

function runProcess(order: Order): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { execArgv: ["--import", "tsx"], stdio: ["ignore", "ignore", "inherit", "ipc"] as never };
    const child = fork(join(import.meta.dirname, "child.ts"), options);
    let [last, since] = [-1, performance.now()];
    const fail = (error: string): void => {
      const now = caseOf(order.at, order.first);
      settle({ tried: now - order.first + 1, accepted: 0, typed: 0, failed: [{ case: now, error }] });
    };
    const settle = (outcome: Outcome): void => {
      clearInterval(watch);
      child.kill("SIGKILL");
      resolve(outcome);
    };
    const watch = setInterval(() => {
      const now = caseOf(order.at, order.first);
      if (now !== last) [last, since] = [now, performance.now()];
      else if (performance.now() - since > HANG_MS) fail(`does not end within ${HANG_MS} ms`);
    }, 500);
    child.once("message", (outcome: Outcome) => settle(outcome));
    child.once("exit", (code, signal) => fail(`ended the process: ${code ?? signal}`));
    child.send(order);
  });
}

describe("damaged inputs are accepted or refused by name", () => {
  for (const name of names)
    it(name, async () => {
      const { tried, accepted, typed, failed } = await fuzz(name);
      total.tried += tried;
      total.accepted += accepted;
      total.typed += typed;
      total.failed += failed.length;
      const list = failed.map(({ case: i, error }) => `case ${i}: ${error}`).join("\n");
      assert.equal(failed.length, 0, `seed ${SEED}, ${tried} tried, ${failed.length} failed\n${list}`);
      assert.ok(tried > 0 && typed > 0, `${tried} tried, ${typed} refused`);
    });
  after(() => rmSync(folder, { recursive: true, force: true }));
  after(() =>
    console.log(`fuzz: ${total.tried} tried, ${total.accepted} accepted, ${total.typed} typed, ${total.failed} failed`),
  );
});
