import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { COLOR_MAPS } from "../../kernel/protocol/core/color";
import { colorAt, colorHex, colorTable, paintValues } from "../../kernel/protocol/core/color";
import { principalComponents, project } from "../../kernel/numeric/components";
import { symmetricEigen } from "../../kernel/numeric/eigen";
import { decodeFloat16, encodeFloat16, fromHalf, toHalf } from "../../kernel/numeric";
import { dequantize, quantize } from "../../kernel/protocol/core/quantize";
import { golden } from "./golden";

const near = (actual: number, expected: number, tolerance: number, what = ""): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what} ${actual} is not ${expected} within ${tolerance}`);

describe("symmetricEigen", () => {
  it("gives numpy.linalg.eigvalsh's values and vectors that satisfy A v = λ v", () => {
    const { matrix, values } = golden.eigen;
    const eigen = symmetricEigen(matrix, 7);
    eigen.values.forEach((value, i) => near(value, values[i], 1e-12));
    eigen.vectors.forEach((vector, k) => {
      for (let i = 0; i < 7; i++) {
        const image = vector.reduce((sum, value, j) => sum + matrix[7 * i + j] * value, 0);
        near(image, eigen.values[k] * vector[i], 1e-12);
      }
    });
  });
});

describe("principalComponents", () => {
  const rows = golden.pca.rows;
  const data = Float32Array.from(rows.flat());

  it("gives numpy's SVD of the centred rows: components, variance, ratio", () => {
    const found = principalComponents(data, 16, 4);
    found.variance.forEach((value, k) => near(value, golden.pca.variance[k], 1e-7 * golden.pca.variance[0]));
    found.ratio.forEach((value, k) => near(value, golden.pca.ratio[k], 1e-7));
    found.components.forEach((component, k) =>
      component.forEach((value, c) => near(value, golden.pca.components[k][c], 2e-4, `component ${k}[${c}]`)),
    );
  });

  it("reconstructs the rows when all components are kept", () => {
    const all = principalComponents(data, 16, 16);
    const coordinates = project(data, all);
    for (let c = 0; c < 16; c++) {
      const value = all.components.reduce(
        (sum, component, k) => sum + coordinates[5 * 16 + k] * component[c],
        all.mean[c],
      );
      near(value, rows[5][c], 1e-4);
    }
  });

  it("copes with constant rows: no variance, no NaN", () => {
    const { variance, ratio, components } = principalComponents(new Float32Array(40).fill(3), 4, 2);
    assert.deepEqual([...variance, ...ratio], [0, 0, 0, 0]);
    assert.ok(components.every((component) => component.every(Number.isFinite)));
  });

  it("refuses a count outside 1..min(N, C)", () => {
    assert.throws(
      () => principalComponents(data, 16, 17),
      /principalComponents: count must be an integer in 1\.\.16, received 17/,
    );
  });
});

describe("float16", () => {
  it("rounds as numpy does: ties to even, subnormals, overflow", () => {
    golden.halves.values.forEach((value, i) => assert.equal(toHalf(value), golden.halves.bits[i], String(value)));
  });

  it("round-trips every one of the 65,536 values", () => {
    for (let bits = 0; bits < 65536; bits++) {
      const value = fromHalf(bits);
      if (Number.isNaN(value)) assert.ok(Number.isNaN(fromHalf(toHalf(value))));
      else assert.equal(toHalf(value), bits);
    }
  });

  it("decodes bytes at an odd offset of a larger buffer", () => {
    const bytes = encodeFloat16(Float32Array.of(1, -0.5, 0.1));
    const moved = new Uint8Array(9);
    moved.set(bytes, 3);
    assert.deepEqual([...decodeFloat16(moved.subarray(3))], [1, -0.5, fromHalf(toHalf(0.1))]);
  });
});

describe("quantise", () => {
  it("returns to within half a step of each dimension's own scale", () => {
    const values = Float32Array.from({ length: 300 }, (_, i) => Math.sin(i * 1.7) * (i % 3 === 0 ? 10 : 0.01));
    const matrix = quantize(values, 3);
    dequantize(matrix).forEach((value, i) => near(value, values[i], 0.5001 * matrix.scale[i % 3] + 1e-9));
  });

  it("keeps a dimension of zeros zero", () => {
    const [first, , second] = dequantize(quantize(Float32Array.of(0, 1, 0, -1), 2));
    assert.deepEqual([first, second], [0, 0]);
  });
});

describe("colour maps", () => {
  it("follow matplotlib's tables within 2.5 of 255", () => {
    for (const name of ["viridis", "cividis", "magma"] as const)
      golden.colors[name].forEach((color, i) =>
        color.forEach((part, c) => near(colorTable(name)[45 * i + c], part, 2.5, `${name} ${15 * i}`)),
      );
  });

  it("change lightness steadily: the sequential ones rise, the diverging one peaks in the middle", () => {
    const light = (name: (typeof COLOR_MAPS)[number], at: number): number => {
      const [r, g, b] = colorAt(name, at);
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    for (const name of ["viridis", "cividis", "magma"] as const)
      for (let i = 1; i <= 32; i++) assert.ok(light(name, i / 32) > light(name, (i - 1) / 32), `${name} ${i}`);
    for (let i = 1; i <= 16; i++) {
      assert.ok(light("coolwarm", i / 32) > light("coolwarm", (i - 1) / 32));
      assert.ok(light("coolwarm", 0.5 + i / 32) < light("coolwarm", 0.5 + (i - 1) / 32));
    }
  });

  it("clamp values outside 0..1 and paint one raster as they paint one value", () => {
    assert.equal(colorHex("viridis", -1), colorHex("viridis", 0));
    assert.equal(colorHex("viridis", NaN), "#440154");
    const pixels = paintValues("magma", [0, 5, 10, 20], [0, 10], 128, new Uint8ClampedArray(16));
    assert.deepEqual([...pixels.subarray(4, 8)], [...colorAt("magma", 0.5), 128]);
    assert.deepEqual([...pixels.subarray(12, 15)], colorAt("magma", 1));
  });

  it("name the legal maps when asked for another", () => {
    assert.throws(
      () => colorTable("jet" as never),
      /colormap must be one of viridis, cividis, magma, coolwarm, received "jet"/,
    );
  });
});
