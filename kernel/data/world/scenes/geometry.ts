import { WorldError } from "../errors";
import type { Point } from "../../../contracts/geometry";

export type { Point };

/** Row-major 2x3 matrix [a, b, c, d, e, f]: x' = a x + b y + c, y' = d x + e y + f. */
export type Affine = readonly [number, number, number, number, number, number];

const TAU = 6.283185307179586;

/**
 * Returns the sine of an angle in turns. It uses only additions and products, so that pixels do not depend on a
 * platform's `Math.sin`: a Taylor polynomial of degree 13 on a quarter turn, with an absolute error below 1e-9.
 */
export function sinTurns(turns: number): number {
  let t = turns - Math.floor(turns + 0.5);
  if (t > 0.25) t = 0.5 - t;
  if (t < -0.25) t = -0.5 - t;
  const x = t * TAU;
  const s = x * x;
  return x * (1 - (s / 6) * (1 - (s / 20) * (1 - (s / 42) * (1 - (s / 72) * (1 - (s / 110) * (1 - s / 156))))));
}

/** Returns the cosine of an angle in turns; see {@link sinTurns}. */
export function cosTurns(turns: number): number {
  return sinTurns(turns + 0.25);
}

/** Returns the matrix that applies `first`, then `second`. */
export function compose(second: Affine, first: Affine): Affine {
  const [a, b, c, d, e, f] = second;
  const [g, h, i, j, k, l] = first;
  return [a * g + b * j, a * h + b * k, a * i + b * l + c, d * g + e * j, d * h + e * k, d * i + e * l + f];
}

/**
 * Returns the inverse matrix.
 *
 * @throws WorldError when the matrix is singular
 */
export function invert(where: string, matrix: Affine): Affine {
  const [a, b, c, d, e, f] = matrix;
  const det = a * e - b * d;
  if (det === 0) throw new WorldError(where, "the matrix must not be singular", [...matrix]);
  return [e / det, -b / det, (b * f - c * e) / det, -d / det, a / det, (c * d - a * f) / det];
}

/** Maps a point by a matrix. */
export function apply(m: Affine, x: number, y: number): Point {
  return [m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5]];
}

/** Returns the polygon of an ellipse, optionally turned (in turns, clockwise on screen) about its centre. */
export function ellipse(cx: number, cy: number, rx: number, ry: number, turn = 0, corners = 24): Point[] {
  const c = cosTurns(turn);
  const s = sinTurns(turn);
  return Array.from({ length: corners }, (_, i): Point => {
    const x = rx * cosTurns(i / corners);
    const y = ry * sinTurns(i / corners);
    return [cx + c * x - s * y, cy + s * x + c * y];
  });
}

/** Returns an axis-aligned rectangle with corners rounded by `radius`. */
export function box(x0: number, y0: number, x1: number, y1: number, radius = 0): Point[] {
  if (radius <= 0)
    return [
      [x0, y0],
      [x1, y0],
      [x1, y1],
      [x0, y1],
    ];
  const corner = (cx: number, cy: number, start: number): Point[] =>
    Array.from({ length: 5 }, (_, i): Point => [
      cx + radius * cosTurns(start + i / 16),
      cy + radius * sinTurns(start + i / 16),
    ]);
  return [
    ...corner(x1 - radius, y1 - radius, 0),
    ...corner(x0 + radius, y1 - radius, 0.25),
    ...corner(x0 + radius, y0 + radius, 0.5),
    ...corner(x1 - radius, y0 + radius, 0.75),
  ];
}

/** Returns a straight limb from (x0, y0) to (x1, y1) with half-widths r0 and r1 and round ends. */
export function limb(x0: number, y0: number, x1: number, y1: number, r0: number, r1 = r0): Point[] {
  const dx = x1 - x0;
  const dy = y1 - y0;
  const length = Math.sqrt(dx * dx + dy * dy) || 1;
  const [ux, uy] = [dx / length, dy / length];
  const cap = (cx: number, cy: number, r: number, sign: number): Point[] =>
    [-0.25, -0.125, 0, 0.125, 0.25].map((t): Point => {
      const along = sign * cosTurns(t) * r;
      const across = sign * sinTurns(t) * r;
      return [cx + ux * along - uy * across, cy + uy * along + ux * across];
    });
  return [...cap(x0, y0, r0, -1), ...cap(x1, y1, r1, 1)];
}

/** Returns a closed Catmull-Rom curve through the points. */
export function smooth(points: readonly Point[], steps = 5): Point[] {
  const n = points.length;
  const at = (i: number): Point => points[(i + n) % n] as Point;
  const out: Point[] = [];
  for (let i = 0; i < n; i++) {
    const [p, q, r, s] = [at(i - 1), at(i), at(i + 1), at(i + 2)];
    for (let k = 0; k < steps; k++) out.push(spline(p, q, r, s, k / steps));
  }
  return out;
}

function spline(p: Point, q: Point, r: Point, s: Point, t: number): Point {
  const blend = (a: number, b: number, c: number, d: number): number =>
    0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t * t * t);
  return [blend(p[0], q[0], r[0], s[0]), blend(p[1], q[1], r[1], s[1])];
}

/** Returns a ring as one even-odd path: the outer outline, then the inner one. Both must close. */
export function ring(outer: readonly Point[], inner: readonly Point[]): Point[] {
  return [...outer, outer[0] as Point, ...inner, inner[0] as Point];
}

/** Returns a tube of half-width `radius` along an open chain of points, tapering to `tip` at the end. */
export function tube(chain: readonly Point[], radius: number, tip = radius): Point[] {
  const left: Point[] = [];
  const right: Point[] = [];
  const last = chain.length - 1;
  for (let i = 0; i <= last; i++) {
    const [ax, ay] = chain[Math.max(0, i - 1)] as Point;
    const [bx, by] = chain[Math.min(last, i + 1)] as Point;
    const [x, y] = chain[i] as Point;
    const length = Math.sqrt((bx - ax) * (bx - ax) + (by - ay) * (by - ay)) || 1;
    const r = radius + ((tip - radius) * i) / last;
    left.push([x - ((by - ay) / length) * r, y + ((bx - ax) / length) * r]);
    right.push([x + ((by - ay) / length) * r, y - ((bx - ax) / length) * r]);
  }
  return smooth([...left, ...right.reverse()], 4);
}
