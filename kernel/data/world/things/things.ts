import { box, ellipse, limb, ring, smooth } from "../scenes/geometry";
import { Sketch, type Figure, type Param } from "./sketch";

/** House in front view. Left and right are named in the image frame, so it is never mirrored. */
export function house(p: Param): Figure {
  const w = p("width", 0.6, 0.84);
  const eave = p("eave", -0.24, -0.02);
  const peak = p("peak", -0.98, -0.66);
  const px = p("peakShift", -0.16, 0.16);
  const door = p("door", -0.2, 0.2);
  const dh = p("doorHeight", 0.42, 0.56);
  const chimney = p("chimney", 0.26, 0.5);
  const base = 0.84;
  const wy = eave + (base - eave) * 0.36;
  const over = w + 0.14;
  const chimneyTop = peak + 0.02;
  const sketch = new Sketch()
    .part("chimney", "accent", box(chimney - 0.09, chimneyTop, chimney + 0.09, eave - 0.08))
    .part("chimney", "dark", box(chimney - 0.12, chimneyTop - 0.05, chimney + 0.12, chimneyTop + 0.05))
    .part("wall", "body", box(-w, eave - 0.04, w, base))
    .part("roof", "accent", [
      [-over, eave + 0.04],
      [px, peak],
      [over, eave + 0.04],
    ])
    .part("step", "metal", box(door - 0.24, base - 0.06, door + 0.24, base + 0.05, 0.02))
    .part("door", "shade", box(door - 0.16, base - dh, door + 0.16, base - 0.05, 0.04))
    .part("handle", "lamp", ellipse(door + 0.09, base - dh * 0.5, 0.045, 0.045))
    .part("window", "light", ellipse(px * 0.7, (peak + eave) / 2 + 0.12, 0.12, 0.12))
    .part("window", "glass", ellipse(px * 0.7, (peak + eave) / 2 + 0.12, 0.085, 0.085));
  for (const x of [(-w + door - 0.16) / 2, (w + door + 0.16) / 2]) {
    sketch
      .part("window", "light", box(x - 0.15, wy - 0.14, x + 0.15, wy + 0.16))
      .part("window", "glass", box(x - 0.115, wy - 0.105, x + 0.115, wy + 0.125));
  }
  return sketch
    .key("roof peak", px, peak + 0.08)
    .key("left eave", -over + 0.12, eave + 0.005)
    .key("right eave", over - 0.12, eave + 0.005)
    .key("chimney top", chimney, chimneyTop)
    .key("door handle", door + 0.09, base - dh * 0.5)
    .key("step", door, base)
    .key("left window", (-w + door - 0.16) / 2, wy)
    .key("right window", (w + door + 0.16) / 2, wy)
    .key("left foot", -w + 0.05, base - 0.05)
    .key("right foot", w - 0.05, base - 0.05);
}

/** Mug in side view; the handle distinguishes its sides. */
export function mug(p: Param): Figure {
  const top = p("top", -0.78, -0.54);
  const w = p("width", 0.42, 0.58);
  const foot = w * p("taper", 0.68, 1);
  const base = 0.72;
  const out = p("handle", 0.3, 0.44);
  const hr = p("handleHeight", 0.28, 0.42);
  const hy = p("handleAt", -0.1, 0.1);
  const lip = p("lip", 0.09, 0.16);
  const ey = p("emblem", -0.02, 0.2);
  return new Sketch()
    .part("handle", "accent", ring(ellipse(-w * 0.94, hy, out, hr), ellipse(-w * 0.94, hy, out - 0.13, hr - 0.13)))
    .part(
      "body",
      "body",
      smooth(
        [
          [-w, top],
          [-foot - (w - foot) * 0.45, 0.1],
          [-foot, base - 0.03],
          [0, base + lip * 0.8],
          [foot, base - 0.03],
          [foot + (w - foot) * 0.45, 0.1],
          [w, top],
          [0, top - 0.06],
        ],
        4,
      ),
    )
    .part(
      "base",
      "shade",
      smooth(
        [
          [-foot, base - 0.1],
          [0, base - 0.1 + lip * 0.8],
          [foot, base - 0.1],
          [foot * 0.98, base - 0.02],
          [0, base + lip * 0.8],
          [-foot * 0.98, base - 0.02],
        ],
        4,
      ),
    )
    .part("rim", "light", ellipse(0, top, w, lip))
    .part("rim", "dark", ellipse(0, top + 0.01, w * 0.86, lip * 0.7))
    .part(
      "emblem",
      "accent",
      smooth(
        [
          [0, ey + 0.24],
          [-0.22, ey],
          [-0.12, ey - 0.14],
          [0, ey - 0.05],
          [0.12, ey - 0.14],
          [0.22, ey],
        ],
        4,
      ),
    )
    .key("rim by handle", -w * 0.94, top)
    .key("rim far", w * 0.94, top)
    .key("foot by handle", -foot * 0.93, base - 0.05)
    .key("foot far", foot * 0.93, base - 0.05)
    .key("handle top", -w * 0.98 - 0.05, hy - hr + 0.07)
    .key("handle side", -w * 0.94 - out + 0.065, hy)
    .key("handle bottom", -w * 0.98 - 0.05, hy + hr - 0.07)
    .key("emblem", 0, ey + 0.03)
    .key("rim front", 0, top + lip * 0.86);
}

/** Teapot in side view, pouring to the right. */
export function teapot(p: Param): Figure {
  const w = p("width", 0.46, 0.6);
  const h = p("height", 0.36, 0.54);
  const y = 0.14;
  const [sx, sy] = [p("spout", 0.84, 0.99), p("spoutLift", -0.42, -0.16)];
  const out = p("handle", 0.28, 0.42);
  const lid = p("lid", 0.1, 0.2);
  const top = y - h;
  const foot = y + h;
  return new Sketch()
    .part(
      "handle",
      "accent",
      ring(ellipse(-w * 0.92, y - 0.06, out, h * 0.68), ellipse(-w * 0.92, y - 0.06, out - 0.12, h * 0.68 - 0.12)),
    )
    .part(
      "spout",
      "shade",
      smooth(
        [
          [w * 0.7, y - 0.12],
          [w + 0.1, y - 0.08],
          [sx - 0.1, sy],
          [sx + 0.04, sy - 0.04],
          [sx - 0.02, sy + 0.14],
          [w + 0.14, y + 0.24],
          [w * 0.7, y + 0.26],
        ],
        4,
      ),
    )
    .part("body", "body", ellipse(0, y, w, h, 0, 28))
    .part("base", "accent", box(-w * 0.55, foot - 0.08, w * 0.55, foot + 0.06, 0.05))
    .part("emblem", "accent", limb(-w * 0.72, y + 0.1, w * 0.72, y + 0.1, 0.055))
    .part(
      "lid",
      "shade",
      smooth(
        [
          [-w * 0.56, top + 0.1],
          [-w * 0.3, top - lid * 0.6],
          [w * 0.3, top - lid * 0.6],
          [w * 0.56, top + 0.1],
          [0, top + 0.16],
        ],
        4,
      ),
    )
    .part("handle", "accent", ellipse(0, top - lid - 0.02, 0.1, 0.09))
    .key("knob", 0, top - lid - 0.02)
    .key("lid back", -w * 0.46, top + 0.07)
    .key("lid front", w * 0.46, top + 0.07)
    .key("spout tip", sx - 0.03, sy + 0.02)
    .key("spout foot", w + 0.03, y + 0.12)
    .key("handle top", -w * 0.92 - 0.06, y - 0.06 - h * 0.68 + 0.07)
    .key("handle side", -w * 0.92 - out + 0.06, y - 0.06)
    .key("handle bottom", -w * 0.92 - 0.06, y - 0.06 + h * 0.68 - 0.07)
    .key("base", 0, foot);
}
