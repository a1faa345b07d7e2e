/** The extension that a browser loads: a small entry, small viewers, and plotly only when a figure is shown. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { repository } from "./lab";

const folder = join(repository, "extension", "labextension", "static");
/** Eleven viewers with all that they share, and the pages of model files with their part of the protocol. */
const [ENTRY, VIEWERS, OPENERS] = [40 * 1024, 145 * 1024, 21 * 1024];
/** Most bytes of the chunk that only one viewer needs. */
const ONE_VIEWER = 15 * 1024;
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

  it("has viewers of at most 145 KB together, and one heavy library in a chunk of its own", () => {
    const heavy = scripts.filter((name) => (sizes.get(name) ?? 0) > VIEWERS);
    assert.equal(heavy.length, 1, heavy.join(", "));
    const rest = total(scripts.filter((name) => name !== heavy[0] && !isOpener(name)));
    assert.ok(rest <= VIEWERS, `${rest} bytes`);
  });

  it("loads a viewer when a notebook first shows one, each at most 15 KB beside what all share", () => {
    const viewers = [
      "Correspondence",
      "Grounding",
      "Attention",
      "Gallery",
      "Alignment",
      "Law",
      "Review",
      "Atlas",
      "Refinement",
    ];
    for (const name of viewers) {
      const own = scripts.filter((script) => texts.get(script)?.includes(`jp-Fovea${name}`));
      assert.ok(own.length > 0, name);
      const smallest = Math.min(...own.map((script) => sizes.get(script) ?? Infinity));
      assert.ok(smallest <= ONE_VIEWER, `${name}: ${smallest} bytes`);
    }
  });

  it("has the pages of model files apart, at most 21 KB", () => {
    const openers = scripts.filter(isOpener);
    assert.ok(openers.length >= 1 && total(openers) <= OPENERS, `${openers.join(", ")}: ${total(openers)} bytes`);
  });
});
