import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";
import { InferenceSession, Tensor } from "onnxruntime-node";
import * as world from "../../kernel/data/world";

const zoo = resolve("kernel/zoo");
const shipped = readdirSync(zoo).filter((name) => existsSync(join(zoo, name, "card.json")));
const names = shipped.filter((name) => existsSync(join(zoo, name, "model.onnx")));

interface Correspondence {
  readonly "pck0.1": number;
  readonly "pck0.05": number;
  readonly layer: string;
  readonly match: string;
  readonly centered: boolean;
}

interface Probe {
  readonly layer: string;
  readonly test: number;
}

interface Card {
  readonly name: string;
  readonly objective: string;
  readonly architecture: {
    readonly depth: number;
    readonly width: number;
    readonly image_size: number;
    readonly prefix_tokens: number;
    readonly parameters: number;
    /** Blocks, channels and grid of each stage of a pyramid. */
    readonly depths?: readonly number[];
    readonly widths?: readonly number[];
    readonly grids?: readonly (readonly [number, number])[];
  };
  readonly training: { readonly steps: number; readonly batch: number; readonly wall_seconds: number };
  readonly figures: {
    readonly correspondence: Correspondence;
    readonly probes: { readonly category: Probe; readonly parts_miou: Probe };
    readonly retrieval?: {
      readonly recall_at_1_of_100_with_hard_negatives: number;
      readonly zero_shot_category: number;
      readonly right_before_hard_negative: Readonly<Record<string, number>>;
    };
  };
  readonly baselines: Readonly<Record<string, number>>;
  readonly text?: { readonly categories: readonly string[] };
}

const json = <T>(...path: readonly string[]): T => JSON.parse(readFileSync(join(zoo, ...path), "utf8")) as T;
const card = (name: string): Card => json(name, "card.json");

/** The cells of every table row of the README. */
const rows = readFileSync(join(zoo, "README.md"), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("|"))
  .map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

function assertRow(...cells: readonly string[]): void {
  assert.ok(
    rows.some((row) => cells.every((cell, i) => row[i] === cell)),
    `no row of kernel/zoo/README.md begins with ${cells.join(" | ")}`,
  );
}

/** `[tokens, channels]` of the input of the first block and of the output of every block. */
function stateShapes({ depth, width, image_size, prefix_tokens, ...stages }: Card["architecture"]): number[][] {
  const { depths, widths = [], grids = [] } = stages;
  if (!depths) {
    const tokens = (image_size / 8) ** 2 + prefix_tokens;
    return Array.from({ length: depth + 1 }, () => [tokens, width]);
  }
  const blocks = depths.flatMap((count, i) =>
    Array.from({ length: count }, () => [(grids[i]?.[0] ?? 0) * (grids[i]?.[1] ?? 0), widths[i] ?? 0]),
  );
  return [blocks[0] ?? [], ...blocks];
}

describe("the zoo", () => {
  it("has trained encoders of nine families and an untrained control", () => {
    assert.deepEqual(names.sort(), [
      "category-hybrid",
      "clip-vit",
      "clip-vit-192",
      "dino-hybrid",
      "mae-vit",
      "masks-hybrid",
      "parts-hybrid",
      "parts-pyramid",
      "siglip-hybrid",
      "untrained-hybrid",
    ]);
    const trained = names.filter((name) => card(name).training.steps > 0);
    assert.equal(new Set(trained.map((name) => card(name).objective)).size, trained.length, "each learnt otherwise");
  });

  it("is 30 MB or less in all", () => {
    const files = shipped.flatMap((name) =>
      readdirSync(join(zoo, name)).map((file) => statSync(join(zoo, name, file)).size),
    );
    assert.ok(files.reduce((sum, size) => sum + size, 0) <= 30e6);
  });

  for (const name of names) {
    it(`${name} comes with a card, a preprocessor and a graph of at most 6 MB`, () => {
      const graphs = readdirSync(join(zoo, name)).filter((file) => file.endsWith(".onnx"));
      assert.ok(graphs.includes("model.onnx"));
      for (const graph of graphs) assert.ok(statSync(join(zoo, name, graph)).size <= 6e6, graph);
      assert.equal(card(name).name, name);
      const preprocessor = json<Record<string, unknown>>(name, "preprocessor_config.json");
      const side = card(name).architecture.image_size;
      assert.deepEqual(preprocessor["size"], { height: side, width: side });
      assert.deepEqual(preprocessor["image_mean"], [0.5, 0.5, 0.5]);
      assert.deepEqual(preprocessor["image_std"], [0.25, 0.25, 0.25]);
    });

    it(`${name} has the figures of its card in the README`, () => {
      const { figures, baselines, training, architecture, objective } = card(name);
      const best = figures.correspondence;
      const matcher = best.match + (best.centered ? ", mean-centred" : "");
      assertRow(`\`${name}\``, best["pck0.1"].toFixed(1), best["pck0.05"].toFixed(1), `\`${best.layer}\``, matcher);
      for (const [row, value] of Object.entries(baselines)) assertRow(row, value.toFixed(1));
      const size = `${(architecture.parameters / 1e6).toFixed(2)} M`;
      assertRow(
        `\`${name}\``,
        objective,
        size,
        `${training.steps} x ${training.batch}`,
        (training.wall_seconds / 60).toFixed(1),
      );
      const { category, parts_miou: parts } = figures.probes;
      const probes = [category.test.toFixed(1), `\`${category.layer}\``, parts.test.toFixed(1), `\`${parts.layer}\``];
      assertRow(`\`${name}\``, ...probes);
      const found = figures.retrieval;
      if (!found) return;
      assertRow(
        `\`${name}\``,
        "image to text, R@1 of 100 with hard negatives",
        found.recall_at_1_of_100_with_hard_negatives.toFixed(1),
      );
      assertRow(`\`${name}\``, "zero-shot category, 14 ways", found.zero_shot_category.toFixed(1));
      for (const [kind, value] of Object.entries(found.right_before_hard_negative)) {
        assertRow(`\`${name}\``, `right caption before the one with another ${kind}`, value.toFixed(1));
      }
    });

    it(`${name} has reference tensors of every hidden state`, () => {
      const { architecture } = card(name);
      const { depth, image_size: side } = architecture;
      const file = resolve("test/zoo/golden", `${name}.safetensors`);
      assert.ok(statSync(file).size <= 2.5e6);
      const bytes = readFileSync(file);
      const length = Number(bytes.readBigUInt64LE(0));
      const header = JSON.parse(bytes.toString("utf8", 8, 8 + length)) as Record<
        string,
        { shape: number[] } | undefined
      >;
      const images = header["pixel_values"]?.shape[0] ?? 0;
      const shapes = stateShapes(architecture);
      for (const [layer, shape] of shapes.entries())
        assert.deepEqual(header[`hidden_states.${layer}`]?.shape, [images, ...shape]);
      assert.equal(header[`hidden_states.${depth + 1}`], undefined);
      assert.deepEqual(header["image"]?.shape, [images, side, side, 3]);
      assert.deepEqual(header["last_hidden_state"]?.shape, [images, ...(shapes[depth] ?? [])]);
    });
  }

  it("corresponds better than the oracle that knows both boxes, and the control does not", () => {
    const oracle = card("parts-hybrid").baselines["same box-relative position, oracle box"] ?? NaN;
    assert.ok(card("parts-hybrid").figures.correspondence["pck0.1"] > oracle);
    assert.ok(card("untrained-hybrid").figures.correspondence["pck0.1"] < oracle);
  });

  it("retrieves at least 30 of 100 captions with hard negatives in the gallery", () => {
    const recall = card("clip-vit").figures.retrieval?.recall_at_1_of_100_with_hard_negatives ?? 0;
    assert.ok(recall >= 30, `${recall}`);
  });
});

describe("clip-vit", () => {
  const vocabulary = json<{ model: { vocab: Record<string, number> } }>("clip-vit", "tokenizer.json").model.vocab;
  const encode = (caption: string): bigint[] => caption.split(" ").map((word) => BigInt(vocabulary[word] ?? 1));

  it("knows every word of the world's captions", () => {
    for (let seed = 0; seed < 60; seed++) {
      const { full, category, negatives } = world.render(world.scene(seed, { split: "test" })).captions;
      for (const caption of [full, category, ...Object.values(negatives)]) {
        assert.ok(!encode(caption).includes(1n), caption);
      }
    }
  });

  it("shares its words with the other encoders that hear captions", () => {
    for (const other of ["clip-vit-192", "siglip-hybrid"])
      assert.deepEqual(json<{ model: { vocab: object } }>(other, "tokenizer.json").model.vocab, vocabulary);
  });

  it("names the category of most images it has never seen", async () => {
    const images = world.categories.flatMap(({ name }, i) =>
      [0, 1].map((k) => world.render(world.scene(9000 + 2 * i + k, { split: "test", category: name, companion: 0 }))),
    );
    const prompts = world.categories.map(({ name }) => encode(`${/^[aeiou]/.test(name) ? "an" : "a"} ${name}`));
    const text = await run("text.onnx", "text_embeds", {
      input_ids: new Tensor("int64", BigInt64Array.from(prompts.flat()), [14, 2]),
      attention_mask: new Tensor(
        "int64",
        BigInt64Array.from(prompts.flat(), () => 1n),
        [14, 2],
      ),
    });
    const pixels = Float32Array.from(images.flatMap(({ data }) => planes(data)));
    const image = await run("model.onnx", "image_embeds", {
      pixel_values: new Tensor("float32", pixels, [images.length, 3, 128, 128]),
    });
    const right = images.filter(({ category }, i) => {
      const scores = text.map((row) => row.reduce((sum, value, k) => sum + value * (image[i]?.[k] ?? 0), 0));
      return world.categories[scores.indexOf(Math.max(...scores))]?.name === category;
    });
    assert.ok(right.length >= images.length * 0.6, `${right.length} of ${images.length}`);
  });
});

async function run(graph: string, output: string, feeds: Record<string, Tensor>): Promise<number[][]> {
  const session = await InferenceSession.create(join(zoo, "clip-vit", graph));
  const { data, dims } = (await session.run(feeds))[output] as Tensor;
  const [rows = 0, columns = 0] = dims;
  const values = Array.from(data as Float32Array);
  await session.release();
  return Array.from({ length: rows }, (_, i) => values.slice(i * columns, (i + 1) * columns));
}

/** Interleaved bytes to normalised planes. */
function planes(rgb: Uint8Array): number[] {
  return [0, 1, 2].flatMap((channel) =>
    Array.from({ length: rgb.length / 3 }, (_, i) => ((rgb[i * 3 + channel] ?? 0) / 255 - 0.5) / 0.25),
  );
}
