/// <reference lib="dom" />
/**
 * Time from a key to the box in the grounding viewer of a real JupyterLab, with `zoo/phrase-beit3` in its kernel: a phrase grows by
 * a word, the kernel grounds it on the picture's stored tokens, the box is drawn. Prints JSON; `node --import tsx test/browser/typing-latency.ts`.
 */
import { pathToFileURL } from "node:url";
import { openBrowser, startLab } from "./lab";
import { LabPage } from "./lab-page";
import { notebook } from "./notebook";

export interface TypingLatency {
  /** Phrases that were answered, each a word longer than the one before. */
  answers: number;
  /** Milliseconds of the token branch in the kernel, as the viewer says it: median and 95th percentile. */
  branchMs: [median: number, p95: number];
  /** Milliseconds from the key to the box. */
  boxMs: [median: number, p95: number];
}

const CELL = `import { data, grounding, models, nn, view } from "fovea";
await nn.start();
await data.world.write("seen", { layout: "refcoco", split: "test", count: 1, size: 96, objects: 3 });
const { expressions: [{ image, phrase }] } = data.refer.read("seen");
const picture = await data.decodeImage(\`seen/images/\${image.fileName}\`);
const { model: encoder, tokenizer } = await models.loadBeit3("zoo/phrase-beit3");
const head = { embedDim: 64, numHeads: 4, generatorHidden: 128, decoderHidden: 256 };
const explorer = grounding.explorer(new grounding.SimVg({ encoder, head }), {
  tokenizer: tokenizer!,
  phrases: { length: 20 },
  name: "phrase-beit3",
});
await view.grounding(explorer, picture, { phrases: [phrase] })`;

const PHRASES = [
  "the small red boat left of the car",
  "the large blue bird above the tree",
  "a green cup near the dog",
];
/** Milliseconds between keys: a quick typist. */
const KEY = 120;

type Heard = typeof window & { foveaHeard: string[] };

/** Types phrases into a viewer with a running kernel. */
export async function measureTyping(): Promise<TypingLatency> {
  const files = { "typing.ipynb": notebook([{ source: CELL }]) };
  const [lab, browser] = await Promise.all([startLab({ files }), openBrowser()]);
  try {
    const page = await LabPage.open(browser, lab, "typing.ipynb");
    await page.runAll();
    const view = page.page.locator(".jp-FoveaGrounding").first();
    await view.getByText(/By the kernel:/).waitFor();
    await view.evaluate((root) => {
      (window as Heard).foveaHeard = [];
      new MutationObserver(() => {
        const [said] = /By the kernel:.*from the key to the box/.exec(root.textContent ?? "") ?? [];
        if (said !== undefined && said !== (window as Heard).foveaHeard.at(-1)) (window as Heard).foveaHeard.push(said);
      }).observe(root, { subtree: true, childList: true, characterData: true });
    });
    const field = view.getByRole("textbox", { name: "Phrase" });
    for (const phrase of PHRASES) {
      await field.fill("");
      await field.pressSequentially(phrase, { delay: KEY });
      await page.page.waitForTimeout(5 * KEY);
    }
    return latencyOf(await page.page.evaluate(() => (window as Heard).foveaHeard));
  } finally {
    await browser.close();
    await lab.close();
  }
}

function latencyOf(said: readonly string[]): TypingLatency {
  const numbers = said.map((text) => /token branch ([\d.]+) ms.*; ([\d.]+) ms from the key/.exec(text)?.slice(1));
  const found = numbers.filter((one) => one !== undefined).map((one) => one.map(Number));
  if (!found.length) throw new Error("the viewer said nothing of its kernel");
  const of = (at: number): [number, number] => {
    const sorted = found.map((one) => one[at]!).sort((a, b) => a - b);
    const quantile = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]!;
    return [quantile(0.5), quantile(0.95)];
  };
  return { answers: found.length, branchMs: of(0), boxMs: of(1) };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  void measureTyping().then((latency) => console.log(JSON.stringify(latency, null, 2)));
}
