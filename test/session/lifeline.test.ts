import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { beforeEach, describe, it } from "node:test";
import {
  openGateOfScript,
  interruptAnswered,
  interruptFlags,
  isLateSignal,
  openGate,
  shutGate,
  unbroken,
} from "../../kernel/session/node/lifeline";

const repository = dirname(dirname(__dirname));
const gate = (): number => interruptFlags[1]!;

describe("the gate of signals", () => {
  beforeEach(openGate);

  it("is shut during work that must not be stopped, and as before behind it, whatever that throws", () => {
    const open = gate();
    const shut = unbroken(gate);
    assert.notEqual(shut, open);
    assert.equal(gate(), open);
    openGateOfScript();
    const running = gate();
    assert.equal(unbroken(gate), shut);
    assert.throws(() => unbroken(() => assert.fail("x")), /x/);
    assert.equal(gate(), running);
    shutGate();
    assert.equal(unbroken(gate), shut);
    assert.equal(gate(), shut, "work within work leaves it shut");
  });

  it("knows a signal that comes after its interrupt was answered", () => {
    const sent = (number: number): void => void Atomics.store(interruptFlags, 3, number);
    sent(7);
    assert.equal(isLateSignal(), false);
    sent(7);
    interruptAnswered(7);
    assert.equal(isLateSignal(), true);
    assert.equal(isLateSignal(), false, "another one, of the user's");
  });
});

describe("the thread that watches a session", () => {
  it("ends the process where it cannot watch, whatever listens to errors", async () => {
    const script = `
      process.on("uncaughtException", () => undefined);
      process.env.FOVEA_LIFELINE_FD = "999";
      require(${JSON.stringify(join(repository, "kernel/session/node/lifeline.ts"))}).holdLifeline();
      setInterval(() => undefined, 1000);`;
    const child = spawn(process.execPath, ["--import", "tsx", "--input-type=commonjs", "-e", script], {
      cwd: repository,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await once(child, "close")) as [number | null];
    assert.equal(code, 1, said);
    assert.match(said, /^The thread that watches the session must start: TypeError: Unsupported fd/);
  });
});
