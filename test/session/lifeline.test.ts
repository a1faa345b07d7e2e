import assert from "node:assert/strict";
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
