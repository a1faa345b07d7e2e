/** Markers that would cover each other stand aside. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Prng } from "../../kernel/numeric/prng";
import { neighborsOf, spreadMarkers, type PanelScale, type Point } from "../../kernel/protocol";

const scale: PanelScale = { width: 400, height: 300, x: [0, 1], y: [-50, 50] };
const pixels = ([x, y]: Point): [number, number] => [x * 400, (y + 50) * 3];

function closest(points: readonly Point[]): number {
  const at = points.map(pixels);
  const distances = at.flatMap(([x, y], i) => at.slice(0, i).map(([ox, oy]) => Math.hypot(x - ox, y - oy)));
  return Math.min(...distances);
}

describe("markers of a panel", () => {
  it("stay at their points where they have room", () => {
    const points: Point[] = [
      [0.1, 0],
      [0.5, 10],
      [0.9, -40],
    ];
    assert.deepEqual(spreadMarkers(points, scale, 20), points);
  });

  it("move apart where they lie on each other, also at one place, near it and the same every time", () => {
    const points: Point[] = [...Array.from({ length: 6 }, (): Point => [0.5, 0]), [0.52, 1]];
    const places = spreadMarkers(points, scale, 20);
    assert.ok(closest(places) > 18, `${closest(places)} pixels`);
    for (const [i, place] of places.entries()) {
      const [a, b] = [pixels(place), pixels(points[i])];
      assert.ok(Math.hypot(a[0] - b[0], a[1] - b[1]) < 60);
    }
    assert.deepEqual(spreadMarkers(points, scale, 20), places);
  });

  it("stay inside the panel, and many of them come to an end", () => {
    const random = new Prng(3, "spread");
    const points = Array.from({ length: 200 }, (): Point => [random.range(0, 0.05), random.range(45, 50)]);
    for (const [x, y] of spreadMarkers(points, scale, 20).map(pixels))
      assert.ok(x >= 9.9 && x <= 390.1 && y >= 9.9 && y <= 290.1, `${x}, ${y}`);
  });

  it("know who lies under them", () => {
    const points: Point[] = [
      [0.5, 0],
      [0.505, 0],
      [0.9, 0],
    ];
    assert.deepEqual(neighborsOf(points, scale, 8), [[1], [0], []]);
  });
});
