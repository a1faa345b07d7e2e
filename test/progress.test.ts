import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { ProgressBar } from "../kernel/progress.ts";
import { type DisplayOptions, installHost, type MimeBundle, type SessionHost } from "../kernel/display/host.ts";

const shown: { bundle: MimeBundle; options: DisplayOptions }[] = [];
const host = {
  display: (bundle: MimeBundle, options: DisplayOptions) => shown.push({ bundle, options }),
} as unknown as SessionHost;

describe("a progress bar", () => {
  afterEach(() => {
    shown.length = 0;
    installHost(undefined as unknown as SessionHost);
  });

  it("is one output of the cell, which is replaced and ends full", () => {
    installHost(host);
    const bar = new ProgressBar("Extracting", "images");
    for (let done = 0; done <= 400; done++) bar.show(done, 400);
    const [first, last] = [shown[0]!, shown.at(-1)!];
    assert.equal(first.options.update, false);
    assert.equal(last.options.update, true);
    assert.equal(new Set(shown.map(({ options }) => options.displayId)).size, 1);
    assert.match(String(first.bundle["text/plain"]), /^Extracting \[-{30}\] 0 of 400 images$/);
    assert.match(String(last.bundle["text/plain"]), /^Extracting \[#{30}\] 400 of 400 images, \S+ a second, \d+ s$/);
    assert.match(String(last.bundle["text/html"]), /<progress aria-label="Extracting" value="400" max="400">/);
  });

  it("leaves out what comes too fast to be seen", () => {
    installHost(host);
    const bar = new ProgressBar("Extracting", "images");
    for (let done = 0; done < 100_000; done++) bar.show(done, 100_000);
    assert.ok(shown.length < 1000, `${shown.length} updates`);
  });

  it("is silent outside a notebook", () => {
    new ProgressBar("Extracting", "images").show(1, 2);
    assert.equal(shown.length, 0);
  });
});
