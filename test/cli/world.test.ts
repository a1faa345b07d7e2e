import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, describe, it } from "node:test";

const cli = resolve(import.meta.dirname, "..", "..", "kernel", "dist", "cli.js");
const base = mkdtempSync(join(tmpdir(), "fovea-world-"));
after(() => rmSync(base, { recursive: true, force: true }));

const fovea = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, [cli, "world", ...args], { encoding: "utf8" });

describe("fovea world", () => {
  it("writes a split of a layout", () => {
    const out = join(base, "gqa");
    const { status, stdout } = fovea(
      "write",
      "--layout",
      "gqa",
      "--out",
      out,
      "--split",
      "test",
      "--count",
      "2",
      "--seed",
      "5",
    );
    assert.equal(status, 0);
    assert.equal(stdout, `${out}: 2 images of test, layout gqa, seed 5\n`);
    assert.deepEqual(readdirSync(join(out, "images")), ["test_000500000.jpg", "test_000500001.jpg"]);
  });

  it("measures what the questions alone tell", () => {
    const { status, stdout } = fovea("balance", "--count", "40", "--training", "40", "--json");
    assert.equal(status, 0);
    const rows = JSON.parse(stdout) as { type: string; questions: number; majority: number; questionOnly: number }[];
    assert.equal(rows.length, 7);
    for (const { questions, majority, questionOnly } of rows)
      assert.ok(questions > 10 && majority < 0.75 && questionOnly < 0.75);
  });

  it("says what is wrong with an option", () => {
    const out = join(base, "never");
    for (const [args, message] of [
      [["paint"], /a command is write or balance, received "paint"/],
      [["write", "--out", out], /--layout and --out are needed/],
      [["write", "--layout", "voc", "--out", out], /layout must be one of coco, refcoco, dense, gqa, received "voc"/],
      [["write", "--layout", "coco", "--out", out, "--count", "-3x"], /--count/],
      [["balance", "--split", "dev"], /legal splits are .*, received "dev"/],
    ] as const) {
      const { status, stderr } = fovea(...args);
      assert.equal(status, 1);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, / at .*\.js:/);
    }
    assert.deepEqual(readdirSync(base), ["gqa"]);
  });
});
