/** The extension that a browser loads: a small entry, small viewers, and plotly only when a figure is shown. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { repository } from "./lab";

const folder = join(repository, "extension", "labextension", "static");
const [ENTRY, VIEWERS, OPENERS] = [40 * 1024, 150 * 1024, 20 * 1024];
/** Class that only the pages of model files have: they load when such a file opens, never in a notebook. */
const OPENER = "jp-FoveaFile-listing";

describe("the built extension", () => {
  const scripts = readdirSync(folder).filter((name) => name.endsWith(".js"));
  const texts = new Map(scripts.map((name) => [name, readFileSync(join(folder, name))]));
  const sizes = new Map([...texts].map(([name, text]) => [name, gzipSync(text).length]));
  const isOpener = (name: string): boolean => texts.get(name)?.includes(OPENER) === true;
  const total = (names: readonly string[]): number => names.reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0);

  it("has an entry of at most 40 KB", () => {
    const entry = scripts.find((name) => name.startsWith("remoteEntry"));
    assert.ok(entry && (sizes.get(entry) ?? Infinity) <= ENTRY);
  });

  it("has viewers of at most 150 KB together, and one heavy library in a chunk of its own", () => {
    const heavy = scripts.filter((name) => (sizes.get(name) ?? 0) > VIEWERS);
    assert.equal(heavy.length, 1, heavy.join(", "));
    const rest = total(scripts.filter((name) => name !== heavy[0] && !isOpener(name)));
    assert.ok(rest <= VIEWERS, `${rest} bytes`);
  });

  it("has the pages of model files apart, at most 20 KB", () => {
    const openers = scripts.filter(isOpener);
    assert.ok(openers.length >= 1 && total(openers) <= OPENERS, `${openers.join(", ")}: ${total(openers)} bytes`);
  });
});
