/** Every reader of what comes from outside, with good inputs to damage. */
import { createHmac } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import sharp from "sharp";
import { decodeImage } from "../../kernel/data/image.ts";
import * as spair from "../../kernel/data/spair.ts";
import { readPreprocess } from "../../kernel/encoders/preprocess/config.ts";
import { Tokenizer } from "../../kernel/encoders/tokenizer/index.ts";
import { hubSettings } from "../../kernel/hub/settings.ts";
import { listFiles } from "../../kernel/hub/files.ts";
import { FrameError, FrameReader, writeFrame } from "../../kernel/jupyter/frames.ts";
import { decode, Signer } from "../../kernel/jupyter/wire.ts";
import * as law from "../../kernel/law/index.ts";
import { configFromJson } from "../../kernel/lora/peft/config-json.ts";
import * as onnx from "../../kernel/onnx/index.ts";
import type { Prng } from "../../kernel/numeric/prng.ts";
import * as protocol from "../../kernel/protocol/index.ts";
import { parse as parseSafetensors } from "../../kernel/safetensors/index.ts";
import { readMessage, readState } from "../../kernel/widgets/messages.ts";
import { smallPayload } from "../extension/payload.ts";
import { damageBytes, damageJson, damageText } from "./mutate.ts";

/** A reader: how one case is made, and what reads it. */
export interface Target {
  /** Makes an input from chance and gives it to the reader. */
  run(random: Prng): unknown;
  /** Errors that say what is wrong, beside the library's own. */
  typed?: (error: Error) => boolean;
  close?: () => unknown;
}

const TEST = join(import.meta.dirname, "..");
const bytesOf = (...path: string[]): Uint8Array => new Uint8Array(readFileSync(join(TEST, ...path)));
const jsonOf = (...path: string[]): unknown => JSON.parse(readFileSync(join(TEST, ...path), "utf8"));
const pick = <T>(random: Prng, items: readonly T[]): T => items[random.int(items.length)];

/** A reader of bytes, one of text or one of JSON, over good inputs. */
const ofBytes = (seeds: readonly Uint8Array[], read: (bytes: Uint8Array) => unknown): Target => ({
  run: (random) => read(damageBytes(pick(random, seeds), random)),
});
const ofText = (seeds: readonly string[], read: (text: string) => unknown): Target => ({
  run: (random) => read(damageText(pick(random, seeds), random)),
});
const ofJson = (seeds: readonly unknown[], read: (value: unknown) => unknown): Target => ({
  run: (random) => read(damageJson(pick(random, seeds), random)),
});

async function pictures(): Promise<Uint8Array[]> {
  const raw = { raw: { width: 9, height: 7, channels: 3 as const } };
  const make = (): ReturnType<typeof sharp> => sharp(Buffer.alloc(9 * 7 * 3, 90), raw);
  const files = [make().png(), make().jpeg(), make().webp(), make().tiff(), make().gif()];
  const svg = new TextEncoder().encode(
    '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="4" height="4"/></svg>',
  );
  return [...(await Promise.all(files.map((file) => file.toBuffer()))).map((file) => new Uint8Array(file)), svg];
}

function spairTarget(): Target {
  const root = mkdtempSync(join(tmpdir(), "fovea-fuzz-"));
  for (const part of ["PairAnnotation/test", "ImageAnnotation/cat"]) mkdirSync(join(root, part), { recursive: true });
  const image = { kps: { "0": [1, 2], "1": null, "10": [5, 6] } };
  const pair = {
    category: "cat",
    src_imname: "a.jpg",
    trg_imname: "b.jpg",
    src_imsize: [40, 30, 3],
    trg_imsize: [30, 40, 3],
    src_bndbox: [1, 2, 30, 20],
    trg_bndbox: [0, 0, 20, 20],
    kps_ids: ["0", "10"],
    mirror: 0,
  };
  const files = {
    "ImageAnnotation/cat/a.json": image,
    "ImageAnnotation/cat/b.json": image,
    "PairAnnotation/test/1.json": pair,
  };
  return {
    run(random) {
      const hurt = pick(random, Object.keys(files));
      for (const [name, value] of Object.entries(files)) {
        const content = name === hurt && random.int(2) ? damageJson(value, random) : value;
        const text = safeText(content);
        writeFileSync(join(root, name), name === hurt && random.int(3) === 0 ? damageText(text, random) : text);
      }
      return spair.read(root);
    },
    close: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** JSON of a value; of one too deep for JSON.stringify, brackets as deep. */
function safeText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "null";
  } catch {
    return `${"[".repeat(20_000)}${"]".repeat(20_000)}`;
  }
}

/** A hub on the loopback interface whose answers are damaged. */
async function hubTarget(): Promise<Target> {
  let answer = "";
  const server = createServer((_, response) => response.end(answer));
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo;
  const settings = hubSettings({ HF_ENDPOINT: `http://127.0.0.1:${port}`, HF_HUB_CACHE: tmpdir() });
  const good = { siblings: [{ rfilename: "model.onnx" }, { rfilename: "config.json" }], sha: "a".repeat(40) };
  return {
    run(random) {
      answer = safeText(damageJson(good, random));
      if (random.int(3) === 0) answer = damageText(answer, random);
      return listFiles({ repo: "owner/name", revision: "main" } as Parameters<typeof listFiles>[0], { settings });
    },
    close: () => server.close(),
  };
}

function framesTarget(): Target {
  const pieces: Buffer[] = [];
  const sink = { write: (piece: Buffer) => pieces.push(Buffer.from(piece)), cork() {}, uncork() {} };
  writeFrame(sink as unknown as Parameters<typeof writeFrame>[0], { type: "x", buffers: [new Uint8Array(5)] });
  const good = new Uint8Array(Buffer.concat(pieces));
  return {
    run(random) {
      const reader = new FrameReader(() => {});
      reader.push(Buffer.from(damageBytes(good, random)));
    },
    typed: (error) => error instanceof FrameError,
  };
}

function wireTarget(): Target {
  const parts = [
    { msg_id: "1", msg_type: "execute_request", session: "s", username: "u", date: "", version: "5.4" },
    {},
    {},
    { code: "1" },
  ];
  return {
    run(random) {
      const json = parts.map((part) =>
        new TextEncoder().encode(safeText(random.int(2) ? damageJson(part, random) : part)),
      );
      const hurt = json.map((frame) => (random.int(4) === 0 ? damageBytes(frame, random) : frame));
      const hmac = createHmac("sha256", "k");
      for (const frame of hurt) hmac.update(frame);
      const signed = [Buffer.from("<IDS|MSG>"), Buffer.from(hmac.digest("hex")), ...hurt];
      const message = decode(random.int(4) ? signed : signed.slice(random.int(6)), new Signer("k"));
      if (!message) throw new FrameError("dropped in silence, as the protocol says");
    },
    typed: (error) => error instanceof FrameError,
  };
}

function widgetTarget(): Target {
  const open = {
    state: { _model_module: "@jupyter-widgets/base", value: 3, list: [1, { a: null }] },
    buffer_paths: [["value"], ["list", 0]],
  };
  const update = { method: "update", ...open };
  const message = (data: unknown): never =>
    ({ data, metadata: {}, buffers: [new Uint8Array(4), new Uint8Array(1)] }) as never;
  return {
    run(random) {
      if (random.int(2)) return readState("fuzz", message(damageJson(open, random)));
      return readMessage("fuzz", message(damageJson(update, random)));
    },
  };
}

/** The readers by name. Each is made when it is asked for. */
export const targets: Record<string, () => Target | Promise<Target>> = {
  onnx: () =>
    ofBytes(
      ["vit.ts17.onnx", "convnext.ts17.onnx", "int8.onnx"].map((name) => bytesOf("onnx", "golden", name)),
      onnx.inspect,
    ),
  safetensors: () =>
    ofBytes(
      [bytesOf("safetensors", "..", "nn", "golden", "float8.safetensors"), bytesOf("vce", "golden", firstOf("vce"))],
      parseSafetensors,
    ),
  pictures: async () => ofBytes(await pictures(), (bytes) => decodeImage(bytes)),
  preprocessors: () =>
    ofJson(Object.values(jsonOf("encoders", "golden", "preprocess.json") as object), (value) =>
      readPreprocess(value as object, [32, 32], "fuzz"),
    ),
  tokenizers: () =>
    ofJson(tokenizerFiles(), (value) =>
      Tokenizer.fromJson(value as object, "fuzz", 64).encode(["a red  bird, 3 times é 魚 \u200b👍🏽", "</s>", ""]),
    ),
  adapters: () =>
    ofJson(
      ["llama", "llama-regex", "gpt2-dora"].map((name) =>
        jsonOf("lora", "golden", "peft", name, "adapter_config.json"),
      ),
      (value) => configFromJson("fuzz", value),
    ),
  spair: spairTarget,
  tables: () =>
    ofText(
      ["encoder,benchmark,a,c,score\nx,y,0.5,40,61\nz,y,1,2,NA\n", "sep=;\nencoder;c;perf_b;a_b\nx;1,5;2;3\n"],
      law.parseTable,
    ),
  scores: () =>
    ofText(["encoder,b\nx,61\ny,NA\n", "| encoder | b |\n| --- | --: |\n| x | **61.5** |\n"], (text) => {
      law.parseScores(text, { measured: "encoder,a,c\nx,0.5,40\n", source: "fuzz" });
      law.parseScores("encoder,b\nx,61\n", { measured: text, source: "fuzz" });
    }),
  correspondence: () => ofJson([smallPayload()], (value) => protocol.readCorrespondence(value)),
  requests: () =>
    ofJson(
      [
        { type: "features", layer: 0, image: 1 },
        { type: "select", encoder: 2 },
        { version: 1, view: "v" },
      ],
      (value) => [protocol.readOpen(value)],
    ),
  hub: hubTarget,
  widgets: widgetTarget,
  frames: framesTarget,
  wire: wireTarget,
};

/** Files of every kind; `t5` brings a table of replacements. */
function tokenizerFiles(): unknown[] {
  const plain = ["words.json", "subwords.json", "clip.json"].map((name) =>
    jsonOf("encoders", "golden", "tokenizers", name),
  );
  const packed = ["bert-uncased", "siglip", "xlmr-bytes", "llama", "llama-first", "t5"].map((name) =>
    JSON.parse(gunzipSync(bytesOf("encoders", "golden", "subwords", `${name}.json.gz`)).toString()),
  );
  return [...plain, ...packed].map((file) => (file as { tokenizer: unknown }).tokenizer);
}

function firstOf(room: string): string {
  const found = readdirSync(join(TEST, room, "golden")).find((name) => name.endsWith(".safetensors"));
  if (!found) throw new Error(`test/${room}/golden has no safetensors file`);
  return found;
}
