/** The notebook of the law and alignment viewers' tests: the published table, and tokens whose best patches are known. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./lab";
import { notebook } from "./notebook";

export const LAW_CELL = `import { law, view } from "fovea";

const table = law.publishedTable();
view.law(table, (options) => law.fit(table, options), { title: "Published table", benchmark: "mmbench_en" })`;

/** Each token is the feature of one patch: row, column from one. */
export const TOKENS: [label: string, row: number, column: number][] = [
  ["a", 2, 3],
  ["red", 6, 14],
  ["and", 9, 4],
  ["green", 11, 8],
  ["<b>bird</b>", 4, 10],
];

const TEXT_CELL = `const { source } = syntheticPair();
const layer = { indices: [2] };
const patches = (await syntheticEncoder.forwardIntermediates([source], layer)).intermediates[0];
const rows = (${JSON.stringify(TOKENS)} as [string, number, number][]).map(([, row, column]) => {
  const at = ((row - 1) * patches.grid[1] + column - 1) * patches.channels;
  return patches.data.subarray(at, at + patches.channels);
});
const labels = ${JSON.stringify(TOKENS.map(([label]) => label))};
await view.alignment(
  { image: source, patches, tokens: { labels, data: Float32Array.from(rows.flatMap((row) => [...row])) } },
  { title: "Colour words", encoder: "synthetic" },
)`;

const REFERENCE_CELL = `const pair = syntheticPair();
const only = { indices: [2] };
const targets = (await syntheticEncoder.forwardIntermediates([pair.source], only)).intermediates[0];
const map = (await syntheticEncoder.forwardIntermediates([pair.target], only)).intermediates[0];
await view.alignment(
  { image: pair.source, patches: targets, tokens: { image: pair.target, map } },
  { title: "A, token by token" },
)`;

/** A law view of zoo encoders, and the output in which the selected one shows its features; `law` and `view` are there. */
const LINK_CELL = `import { data, displayHandle, encoders } from "fovea";

await data.world.writeSpair("world", { split: "test", categories: ["bird"], images: 4, pairs: 2 });
const [worldPair] = data.spair.read("world").pairs;
const handle = displayHandle("Select an encoder to see its features here.");
const zoo = law.parseTable(\`encoder,benchmark,a,c,score
zoo/parts-hybrid,probe,0.7,60,80
zoo/clip-vit,probe,1,50,70
zoo/untrained-hybrid,probe,0.2,10,30
zoo/mae-vit,probe,0.5,20,45\`);
view.law(zoo, (options) => law.fit(zoo, options), {
  title: "Linked",
  degree: 1,
  onSelect: async (name) => {
    if (name === null) return;
    const encoder = await encoders.load(name);
    const { source, target } = worldPair;
    handle.update(await view.correspondence(source.path, target.path, encoder, { keypoints: worldPair, indices: [-1] }));
    await encoder.dispose();
  },
})`;

export function lawNotebook(): object {
  const synthetic = readFileSync(join(repository, "test/view/synthetic.ts"), "utf8").replace(/^export /gm, "");
  return notebook([LAW_CELL, synthetic, TEXT_CELL, REFERENCE_CELL, LINK_CELL].map((source) => ({ source })));
}
