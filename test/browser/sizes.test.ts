/** The extension that a browser loads: a small entry, small viewers, and plotly only when a figure is shown. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { repository } from "./lab";

const folder = join(repository, "extension", "labextension", "static");
const [ENTRY, VIEWERS] = [40 * 1024, 150 * 1024];

describe("the built extension", () => {
  const scripts = readdirSync(folder).filter((name) => name.endsWith(".js"));
  const sizes = new Map(scripts.map((name) => [name, gzipSync(readFileSync(join(folder, name))).length]));

  it("has an entry of at most 40 KB", () => {
    const entry = scripts.find((name) => name.startsWith("remoteEntry"));
    assert.ok(entry && (sizes.get(entry) ?? Infinity) <= ENTRY);
  });

  it("has viewers of at most 150 KB together, and one heavy library in a chunk of its own", () => {
    const heavy = scripts.filter((name) => (sizes.get(name) ?? 0) > VIEWERS);
    assert.equal(heavy.length, 1, heavy.join(", "));
    const rest = [...sizes].filter(([name]) => name !== heavy[0]).reduce((sum, [, size]) => sum + size, 0);
    assert.ok(rest <= VIEWERS, `${rest} bytes`);
  });
});
