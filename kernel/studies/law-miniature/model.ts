import type { Tensor } from "../../backend/tensor";
import { tf } from "../../backend/tf";
import { Projector } from "../../models/projector";
import * as nn from "../../nn";
import type { LawMiniatureSettings } from "./settings";
import type { QuestionBatch } from "./words";

/** A layer in which questions look at the tokens of a scene: attention and MLP, each behind its norm and added to its input. */
export class LookingLayer extends nn.Module {
  readonly norm1: nn.LayerNorm;
  readonly q: nn.Linear;
  readonly k: nn.Linear;
  readonly v: nn.Linear;
  readonly out: nn.Linear;
  readonly norm2: nn.LayerNorm;
  readonly mlp: nn.Mlp;

  constructor(
    features: number,
    private readonly heads: number,
  ) {
    super();
    this.norm1 = new nn.LayerNorm(features);
    this.q = new nn.Linear(features, features);
    this.k = new nn.Linear(features, features);
    this.v = new nn.Linear(features, features);
    this.out = new nn.Linear(features, features);
    this.norm2 = new nn.LayerNorm(features);
    this.mlp = new nn.Mlp(features, { hiddenFeatures: 2 * features });
  }

  /** @param x questions, [B, Q, features] @param seen tokens, [B, N, features] @returns [B, Q, features] */
  forward(x: Tensor, seen: Tensor): Tensor {
    const heads = (of: Tensor): Tensor => nn.splitHeads(of, this.heads);
    const queries = heads(this.q.forward(this.norm1.forward(x)));
    const looked = nn.attend(queries, heads(this.k.forward(seen)), heads(this.v.forward(seen)));
    const found = tf.add(x, this.out.forward(looked));
    return tf.add(found, this.mlp.forward(this.norm2.forward(found)));
  }
}

/**
 * The small language model: a question is the sum of its words, looks at the tokens of a scene, which may be told in words or seen, and ends
 * at the word of the answer. Words of questions, scenes and answers share one table.
 */
export class Reader extends nn.Module {
  readonly words: nn.Parameter;
  readonly places: nn.Parameter;
  readonly normSeen: nn.LayerNorm;
  readonly layers: LookingLayer[];
  readonly norm: nn.LayerNorm;

  constructor(
    readonly size: number,
    readonly features: number,
    layers: number,
    heads: number,
  ) {
    super();
    this.words = new nn.Parameter([size, features], nn.normal(0, 0.1));
    this.places = new nn.Parameter([size, features], nn.normal(0, 0.1));
    this.normSeen = new nn.LayerNorm(features);
    this.layers = Array.from({ length: layers }, () => new LookingLayer(features, heads));
    this.norm = new nn.LayerNorm(features);
  }

  /** Embeds scenes in words: rows of counts, [B · N, words], to tokens [B, N, features]. */
  told(counts: Float32Array, scenes: number): Tensor {
    const rows = tf.tensor(counts, [counts.length / this.size, this.size]);
    return tf.reshape(tf.matMul(rows, this.words.value), [scenes, -1, this.features]);
  }

  /** @param seen tokens of the batch's pictures, [B, N, features] @returns logits of the answers, [B · Q, words] */
  forward(seen: Tensor, { pictures, counts, places }: QuestionBatch): Tensor {
    const rows = (values: Float32Array): Tensor => tf.tensor(values, [values.length / this.size, this.size]);
    const asked = tf.add(tf.matMul(rows(counts), this.words.value), tf.matMul(rows(places), this.places.value));
    const tokens = this.normSeen.forward(seen);
    const questions = tf.reshape(asked, [pictures.length, -1, this.features]);
    const found = this.layers.reduce((x, layer) => layer.forward(x, tokens), questions);
    return nn.linear(tf.reshape(this.norm.forward(found), [-1, this.features]), this.words.value);
  }
}

/** The connector: tokens of a frozen representation into the space of the reader's words, with learnt positions. */
export class Connector extends nn.Module {
  readonly projector: Projector;
  readonly positions: nn.Parameter;

  constructor(
    channels: number,
    features: number,
    private readonly grid: number,
    merge: number,
  ) {
    super();
    this.projector = new Projector(channels, features, { merge });
    this.positions = new nn.Parameter([(grid / merge) ** 2, features], nn.normal(0, 0.1));
  }

  /** @param x [B, grid², channels] @returns [B, (grid / merge)², features] */
  forward(x: Tensor): Tensor {
    return tf.add(this.projector.forward(x, [this.grid, this.grid]), this.positions.value);
  }
}

/** The small multimodal model: connector and reader. */
export class MiniatureModel extends nn.Module {
  readonly connector: Connector;
  readonly reader: Reader;

  constructor(settings: LawMiniatureSettings, channels: number, words: number) {
    super();
    const { grid, merge, reader } = settings;
    this.connector = new Connector(channels, reader.features, grid, merge);
    this.reader = newReader(settings, words);
  }
}

/** The study's reader with random values. */
export function newReader({ reader: { features, layers, heads } }: LawMiniatureSettings, words: number): Reader {
  return new Reader(words, features, layers, heads);
}

/** The mean cross-entropy of a batch's answers. */
export function answerLossOf(logits: Tensor, { answers }: QuestionBatch): Tensor {
  return nn.crossEntropy(logits, tf.tensor(answers, [answers.length], "int32"));
}
