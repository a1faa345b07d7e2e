import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { RuleError, view } from "../../kernel/index.ts";

describe("view.save", () => {
  const folder = mkdtempSync(join(tmpdir(), "fovea-save-"));
  after(() => rmSync(folder, { recursive: true }));

  it("writes the bundle that a notebook would save, and nothing beside it", async () => {
    const table = view.table([{ name: "a", value: 1 }]);
    await view.save(table, join(folder, "one.view.json"));
    assert.deepEqual(JSON.parse(readFileSync(join(folder, "one.view.json"), "utf8")), { ...table.bundle });
    await view.save({ "text/plain": "plain" }, join(folder, "one.view.json"));
    assert.equal(readFileSync(join(folder, "one.view.json"), "utf8"), '{"text/plain":"plain"}\n');
    assert.deepEqual(readdirSync(folder), ["one.view.json"]);
  });

  it("refuses another ending, and what is no view", async () => {
    const plain = { "text/plain": "plain" };
    await assert.rejects(view.save(plain, join(folder, "one.json")), { rule: /path must end in \.view\.json/ });
    await assert.rejects(view.save({ width: 3 }, join(folder, "two.view.json")), RuleError);
    await assert.rejects(view.save(plain, join(folder, "missing/three.view.json")), /three\.view\.json/);
    assert.deepEqual(readdirSync(folder), ["one.view.json"]);
  });
});
