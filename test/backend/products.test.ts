/** Forms in which the device `native` computes products: in parts of the rows, and with a transposed left matrix. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gemm, rowParts } from "../../kernel/backend/native/product.ts";
import { nn, tf } from "../nn/names.ts";
import { same, tensor } from "./both.ts";

const sizes = (rows: number, inner: number, columns: number): Parameters<typeof gemm>[2] => ({ rows, inner, columns });

describe("products of many rows", () => {
  it("are computed in equal parts that stay in a core's cache", () => {
    const partsOf = (rows: number, inner = 768): number => rowParts(sizes(rows, inner, 768));
    assert.equal(partsOf(3152), 8);
    assert.equal(partsOf(2304), 6);
    assert.equal(partsOf(448), 1);
    assert.equal(partsOf(2048, 128), 1, "the product is visited once");
    assert.equal(partsOf(1031), 1, "a prime number of rows has no equal parts");
    assert.equal(partsOf(2 * 1031), 1, "parts would be too large");
  });

  it("equal plain JavaScript, with and without transposes", async () => {
    for (const [rows, inner, columns] of [
      [900, 130, 20],
      [900, 130, 1],
      [20, 900, 130],
      [130, 300, 20],
      [900, 500, 17],
      [3, 900, 900],
    ])
      for (const transA of [false, true])
        for (const transB of [false, true])
          await same(
            `${rows} x ${inner} x ${columns} ${transA} ${transB}`,
            () =>
              tf.matMul(
                tensor(transA ? [inner, rows] : [rows, inner]),
                tensor(transB ? [columns, inner] : [inner, columns], 2),
                transA,
                transB,
              ),
            2e-5,
          );
    await same("a linear layer", () => nn.linear(tensor([900, 130]), tensor([20, 130], 2), tensor([20], 3)), 2e-5);
  });

  it("have one session for each form and size that a graph contains", () => {
    const key = (...args: Parameters<typeof gemm>): string => gemm(...args).key;
    assert.equal(key(false, true, sizes(100, 200, 300)), key(false, true, sizes(101, 200, 300)));
    assert.notEqual(key(false, true, sizes(900, 200, 300)), key(false, true, sizes(902, 200, 300)));
    assert.notEqual(key(true, false, sizes(100, 200, 300)), key(true, false, sizes(300, 200, 100)));
  });

  it("of ever new sizes keep a bounded number of sessions, and stay right", async () => {
    await nn.start("native");
    const { sessions } = (tf.backend() as unknown as { device: { runtime: { sessions: Map<string, unknown> } } }).device
      .runtime;
    const sumsOf = (inner: number): number[] =>
      tf.tidy(() => Array.from(tf.matMul(tf.ones([inner, 16]), tf.ones([inner, 16]), true).dataSync()));
    for (let inner = 16; inner < 180; inner++) assert.deepEqual(sumsOf(inner), new Array(256).fill(inner));
    assert.ok(sessions.size <= 128, String(sessions.size));
    assert.deepEqual(sumsOf(16), new Array(256).fill(16), "a session that was dropped is made again");
  });

  it("give the same bits with one thread and two", async () => {
    const compute = (): Float32Array =>
      tf.tidy(() => {
        const [x, dy] = [tensor([900, 260]), tensor([900, 130], 2)];
        const y = tf.matMul(tf.matMul(x, dy, true), dy, false, true);
        return Float32Array.from(tf.concat([tf.reshape(y, [-1]), tf.sum(x, 0), tf.sum(dy, 0)]).dataSync());
      });
    const found: Float32Array[] = [];
    for (const threads of [1, 2, 1]) {
      await nn.start("native", { threads });
      found.push(compute());
    }
    assert.deepEqual(found[1], found[0]);
    assert.deepEqual(found[2], found[0]);
  });
});
