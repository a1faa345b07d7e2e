import type { Rgb } from "./colors";
import { mix } from "./colors";
import { cosTurns, sinTurns } from "../scenes/geometry";
import type { Prng } from "../../../numeric/prng";

/** Texture words of captions; `plain` is not mentioned. */
export const textureNames = ["plain", "striped", "spotted", "checked"] as const;

/** A texture word. */
export type TextureName = (typeof textureNames)[number];

/** Pattern on the body of an object, in the object's coordinates, so that it moves with the pose. */
export interface Texture {
  readonly name: TextureName;
  /** Colour of the pattern over the body's colour. */
  readonly second: Rgb;
  /** Periods per unit of the figure. */
  readonly frequency: number;
  /** Direction in turns. */
  readonly angle: number;
  readonly phase: number;
}

/** Draws a pattern for a body of the given colour: a lighter tone on dark bodies, a darker one on light bodies. */
export function drawTexture(name: TextureName, body: Rgb, random: Prng): Texture {
  const luma = 0.299 * body[0] + 0.587 * body[1] + 0.114 * body[2];
  const target: Rgb = luma < 150 ? [250, 248, 240] : [44, 34, 40];
  return {
    name,
    second: mix(body, target, random.range(0.4, 0.6)),
    frequency: random.range(2.2, 3.6),
    angle: name === "striped" ? random.pick([0, 0.25, 0.125, 0.375]) + random.bell() * 0.03 : random.bell() * 0.1,
    phase: random.next(),
  };
}

/** Returns a function of (x, y) with the share in [0, 1] of the second colour at a point of the figure. */
export function weave(texture: Texture): (x: number, y: number) => number {
  const { frequency: f, phase } = texture;
  const c = cosTurns(texture.angle) * f;
  const s = sinTurns(texture.angle) * f;
  const fold = (v: number): number => Math.abs(v - Math.floor(v) - 0.5) * 2;
  const edge = (v: number): number => (v < 0 ? 0 : v > 1 ? 1 : v);
  switch (texture.name) {
    case "plain":
      return () => 0;
    case "striped":
      return (x, y) => edge((fold(c * x + s * y + phase) - 0.5) * 5 + 0.5);
    case "checked":
      return (x, y) => {
        const u = fold((c * x + s * y) * 0.8 + phase) - 0.5;
        const v = fold((c * y - s * x) * 0.8 + phase) - 0.5;
        return edge(u * v * 24 + 0.5);
      };
    case "spotted":
      return (x, y) => {
        const row = c * y - s * x + phase;
        const shift = Math.floor(row) % 2 === 0 ? 0 : 0.5;
        const u = fold(c * x + s * y + shift + phase);
        const v = fold(row);
        return edge((0.36 - (u * u + v * v)) * 5 + 0.5);
      };
    default:
      return texture.name satisfies never;
  }
}
