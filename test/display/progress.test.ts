import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { patientBar, ProgressBar } from "../../kernel/display/progress.ts";
import { type DisplayOptions, installHost, type MimeBundle, type SessionHost } from "../../kernel/display/host.ts";

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

  it("is full, and no error, where more is done than was said", () => {
    installHost(host);
    new ProgressBar("Measuring", "pictures").show(60, 48);
    assert.match(String(shown[0]!.bundle["text/plain"]), /^Measuring \[#{30}\] 60 of 48 pictures/);
  });

  it("leaves out what comes too fast to be seen", () => {
    installHost(host);
    const bar = new ProgressBar("Extracting", "images");
    for (let done = 0; done < 100_000; done++) bar.show(done, 100_000);
    assert.ok(shown.length < 1000, `${shown.length} updates`);
  });

  it("that is patient is left out where the work is done soon, and shown where it goes on", (test) => {
    installHost(host);
    let now = 0;
    test.mock.method(performance, "now", () => now);
    const [quick, long] = [patientBar("Training", "updates"), patientBar("Training", "updates")];
    now = 1_900;
    quick({ done: 1, total: 2 });
    now = 2_100;
    quick({ done: 2, total: 2 });
    assert.equal(shown.length, 0);
    long({ done: 6, total: 8, before: 2 });
    now = 2_200;
    long({ done: 8, total: 8, before: 2 });
    assert.deepEqual(
      shown.map(({ bundle }) => bundle["text/plain"]),
      [
        "Training [######################--------] 6 of 8 updates, 1.90 a second, 2 s left",
        "Training [##############################] 8 of 8 updates, 2.73 a second, 3 s",
      ],
    );
  });

  it("is silent outside a notebook", () => {
    new ProgressBar("Extracting", "images").show(1, 2);
    assert.equal(shown.length, 0);
  });
});
