import { box, ellipse, limb, ring, smooth } from "../scenes/geometry";
import { Sketch, type Figure, type Param } from "./sketch";

function wheel(sketch: Sketch, x: number, y: number, r: number): void {
  sketch.part("wheel", "dark", ellipse(x, y, r, r)).part("hub", "metal", ellipse(x, y, r * 0.5, r * 0.5));
}

/** Car in side view, facing right. */
export function car(p: Param): Figure {
  const roof = p("roof", -0.52, -0.34);
  const r = p("wheel", 0.17, 0.24);
  const [fw, bw] = [p("frontWheel", 0.5, 0.62), p("backWheel", -0.62, -0.5)];
  const [rf, rb] = [p("roofFront", 0.08, 0.32), p("roofBack", -0.6, -0.38)];
  const hood = p("hood", -0.1, 0.04);
  const base = 0.3;
  const sketch = new Sketch()
    .part("bumper", "metal", box(0.82, base - 0.16, 1, base - 0.02, 0.05))
    .part("bumper", "metal", box(-1, base - 0.16, -0.82, base - 0.02, 0.05))
    .part(
      "roof",
      "body",
      smooth(
        [
          [rb - 0.26, hood],
          [rb, roof],
          [rf, roof],
          [rf + 0.36, hood],
        ],
        4,
      ),
    )
    .part("window", "glass", [
      [rb - 0.08, hood + 0.02],
      [rb + 0.06, roof + 0.1],
      [(rb + rf) / 2 - 0.04, roof + 0.08],
      [(rb + rf) / 2 - 0.04, hood + 0.02],
    ])
    .part("window", "glass", [
      [(rb + rf) / 2 + 0.04, hood + 0.02],
      [(rb + rf) / 2 + 0.04, roof + 0.08],
      [rf - 0.02, roof + 0.1],
      [rf + 0.22, hood + 0.02],
    ])
    .part(
      "body",
      "body",
      smooth(
        [
          [-0.95, 0.06],
          [-0.9, hood - 0.02],
          [-0.4, hood - 0.01],
          [0.4, hood],
          [0.86, hood + 0.1],
          [0.95, 0.2],
          [0.9, base],
          [-0.92, base],
        ],
        4,
      ),
    )
    .part("door", "shade", box((rb + rf) / 2 - 0.3, hood + 0.06, (rb + rf) / 2 + 0.26, base - 0.04, 0.05))
    .part("handle", "metal", limb((rb + rf) / 2 - 0.22, hood + 0.13, (rb + rf) / 2 - 0.1, hood + 0.13, 0.03))
    .part("headlight", "lamp", ellipse(0.84, hood + 0.16, 0.08, 0.075))
    .part("taillight", "accent", box(-0.94, hood + 0.06, -0.82, hood + 0.22, 0.03));
  wheel(sketch, bw, base, r);
  wheel(sketch, fw, base, r);
  return sketch
    .key("front wheel", fw, base)
    .key("back wheel", bw, base)
    .key("headlight", 0.84, hood + 0.16)
    .key("taillight", -0.88, hood + 0.14)
    .key("roof front", rf - 0.02, roof + 0.04)
    .key("roof back", rb + 0.04, roof + 0.04)
    .key("windscreen base", rf + 0.26, hood + 0.02)
    .key("front bumper", 0.95, base - 0.09)
    .key("rear bumper", -0.95, base - 0.09)
    .key("door handle", (rb + rf) / 2 - 0.16, hood + 0.13);
}

/** Bus in side view, facing right: a tall box with a row of windows and a door at the front. */
export function bus(p: Param): Figure {
  const top = p("top", -0.66, -0.44);
  const r = p("wheel", 0.13, 0.19);
  const [fw, bw] = [p("frontWheel", 0.3, 0.44), p("backWheel", -0.66, -0.5)];
  const sill = p("sill", -0.12, 0.02);
  const base = 0.38;
  const sketch = new Sketch()
    .part("body", "body", box(-0.97, top, 0.97, base, 0.1))
    .part("roof", "shade", box(-0.9, top - 0.05, 0.9, top + 0.06, 0.05))
    .part("emblem", "accent", box(-0.95, sill + 0.08, 0.6, sill + 0.17));
  for (const i of [0, 1, 2, 3])
    sketch.part("window", "glass", box(-0.87 + i * 0.35, top + 0.14, -0.58 + i * 0.35, sill, 0.03));
  sketch
    .part("door", "accent", box(0.55, top + 0.14, 0.79, base - 0.03, 0.03))
    .part("window", "glass", box(0.59, top + 0.19, 0.75, sill + 0.04, 0.02))
    .part("window", "glass", box(0.84, top + 0.14, 0.97, sill + 0.02, 0.02))
    .part("headlight", "lamp", ellipse(0.9, base - 0.16, 0.065, 0.065))
    .part("taillight", "lamp", box(-0.96, base - 0.24, -0.88, base - 0.1, 0.02))
    .part("bumper", "metal", box(0.8, base - 0.05, 1.02, base + 0.04, 0.03))
    .part("bumper", "metal", box(-1.02, base - 0.05, -0.8, base + 0.04, 0.03));
  wheel(sketch, bw, base, r);
  wheel(sketch, fw, base, r);
  return sketch
    .key("front wheel", fw, base)
    .key("back wheel", bw, base)
    .key("headlight", 0.9, base - 0.16)
    .key("taillight", -0.92, base - 0.17)
    .key("roof front", 0.84, top + 0.01)
    .key("roof back", -0.84, top + 0.01)
    .key("door foot", 0.67, base - 0.07)
    .key("door window", 0.67, (top + sill) / 2 + 0.11)
    .key("rear window", -0.725, (top + sill) / 2 + 0.07)
    .key("third window", -0.025, (top + sill) / 2 + 0.07);
}

/** Bicycle in side view, facing right; the background shows through the wheels' rings. */
export function bicycle(p: Param): Figure {
  const r = p("wheel", 0.32, 0.42);
  const [fx, bx] = [p("frontWheel", 0.52, 0.64), p("backWheel", -0.64, -0.52)];
  const y = 0.3;
  const seat = p("saddle", -0.5, -0.32);
  const bars = p("bars", -0.62, -0.42);
  const sx = -0.26;
  const hx = fx - 0.2;
  const crank = p("crank", -0.1, 0.02);
  const sketch = new Sketch();
  for (const x of [bx, fx]) {
    sketch
      .part("wheel", "dark", ring(ellipse(x, y, r, r, 0, 28), ellipse(x, y, r * 0.78, r * 0.78, 0, 28)))
      .part("hub", "metal", limb(x - r * 0.8, y, x + r * 0.8, y, 0.018))
      .part("hub", "metal", limb(x, y - r * 0.8, x, y + r * 0.8, 0.018))
      .part("hub", "metal", ellipse(x, y, 0.08, 0.08));
  }
  return sketch
    .part("frame", "body", limb(bx, y, sx + 0.04, seat + 0.14, 0.042))
    .part("frame", "body", limb(bx, y, crank, y + 0.06, 0.042))
    .part("frame", "body", limb(sx, seat, crank, y + 0.06, 0.05))
    .part("frame", "body", limb(sx + 0.05, seat + 0.16, hx + 0.02, bars + 0.22, 0.052))
    .part("frame", "body", limb(hx + 0.04, bars + 0.28, crank, y + 0.06, 0.052))
    .part("frame", "body", limb(hx, bars, fx, y, 0.045))
    .part("handle", "accent", limb(hx - 0.02, bars, hx + 0.14, bars - 0.05, 0.05))
    .part("handle", "accent", ellipse(hx + 0.17, bars - 0.04, 0.07, 0.06))
    .part(
      "saddle",
      "accent",
      smooth(
        [
          [sx - 0.2, seat - 0.07],
          [sx, seat - 0.08],
          [sx + 0.18, seat - 0.02],
          [sx - 0.14, seat + 0.07],
        ],
        4,
      ),
    )
    .part("hub", "metal", ellipse(crank, y + 0.06, 0.1, 0.1))
    .part("step", "dark", limb(crank, y + 0.06, crank + 0.12, y + 0.24, 0.03))
    .part("step", "dark", limb(crank + 0.05, y + 0.25, crank + 0.2, y + 0.25, 0.035))
    .key("front hub", fx, y)
    .key("back hub", bx, y)
    .key("front tyre foot", fx, y + r * 0.89)
    .key("back tyre foot", bx, y + r * 0.89)
    .key("front tyre nose", fx + r * 0.89, y)
    .key("back tyre end", bx - r * 0.89, y)
    .key("saddle", sx - 0.04, seat - 0.02)
    .key("handlebar", hx + 0.16, bars - 0.04)
    .key("crank", crank, y + 0.06)
    .key("pedal", crank + 0.13, y + 0.25);
}

/** Airplane in side view, flying right. */
export function airplane(p: Param): Figure {
  const h = p("height", 0.15, 0.23);
  const fin = p("fin", 0.34, 0.56);
  const wx = p("wing", -0.05, 0.15);
  const [tipX, tipY] = [wx - p("sweep", 0.3, 0.5), p("span", 0.5, 0.72)];
  const ex = wx + 0.04;
  return new Sketch()
    .part("wheel", "dark", ellipse(0.6, h + 0.14, 0.07, 0.07))
    .part("leg", "metal", limb(0.6, h * 0.6, 0.6, h + 0.1, 0.025))
    .part("tail", "accent", [
      [-0.6, -h * 0.6],
      [-0.86, -h - fin],
      [-0.99, -h - fin],
      [-0.94, -h * 0.2],
    ])
    .part("wing", "shade", [
      [wx - 0.1, -h * 0.5],
      [wx - 0.32, -h - 0.3],
      [wx - 0.2, -h - 0.3],
      [wx + 0.2, -h * 0.5],
    ])
    .part(
      "body",
      "body",
      smooth([
        [-1, -h * 0.5],
        [-0.6, -h * 0.95],
        [0.55, -h],
        [0.86, -h * 0.55],
        [0.99, h * 0.15],
        [0.85, h * 0.75],
        [0.4, h],
        [-0.55, h * 0.75],
        [-0.95, -h * 0.1],
      ]),
    )
    .part(
      "window",
      "glass",
      smooth(
        [
          [0.68, -h * 0.66],
          [0.84, -h * 0.5],
          [0.92, -h * 0.1],
          [0.7, -h * 0.1],
        ],
        3,
      ),
    )
    .part("window", "glass", ellipse(0.06, -h * 0.32, 0.055, 0.06))
    .part("window", "glass", ellipse(0.24, -h * 0.32, 0.055, 0.06))
    .part("window", "glass", ellipse(-0.12, -h * 0.32, 0.055, 0.06))
    .part("window", "glass", ellipse(-0.3, -h * 0.32, 0.055, 0.06))
    .part("door", "light", box(0.42, -h * 0.62, 0.54, h * 0.5, 0.03))
    .part("wing", "accent", [
      [-0.68, -h * 0.25],
      [-1.06, 0.12],
      [-1.14, 0.1],
      [-0.94, -h * 0.3],
    ])
    .part("engine", "metal", box(ex - 0.14, h * 0.9, ex + 0.14, h * 0.9 + 0.2, 0.08))
    .part("wing", "accent", [
      [wx + 0.24, h * 0.25],
      [tipX + 0.13, tipY],
      [tipX - 0.06, tipY],
      [wx - 0.24, h * 0.3],
    ])
    .key("nose", 0.95, h * 0.12)
    .key("cockpit", 0.79, -h * 0.32)
    .key("wing tip", tipX + 0.04, tipY - 0.04)
    .key("wing root", wx, h * 0.42)
    .key("fin top", -0.915, -h - fin + 0.05)
    .key("tail end", -0.95, -h * 0.42)
    .key("stabiliser tip", -1.06, 0.08)
    .key("engine", ex + 0.06, h * 0.9 + 0.1)
    .key("front wheel", 0.6, h + 0.14)
    .key("door", 0.48, -0.02);
}

/** Boat in side view, sailing right. */
export function boat(p: Param): Figure {
  const deck = p("deck", 0.34, 0.46);
  const keel = deck + p("draught", 0.26, 0.42);
  const mx = p("mast", -0.12, 0.1);
  const top = p("height", -0.98, -0.76);
  const boom = p("boom", 0.48, 0.68);
  const jib = p("jib", 0.48, 0.7);
  const bow = p("bow", 0.82, 0.98);
  return new Sketch()
    .part("mast", "metal", limb(mx, top, mx, deck, 0.035))
    .part("flag", "accent", [
      [mx - 0.01, top - 0.02],
      [mx - 0.3, top + 0.08],
      [mx - 0.01, top + 0.18],
    ])
    .part(
      "sail",
      "body",
      smooth(
        [
          [mx - 0.06, top + 0.22],
          [mx - boom * 0.62, -0.1],
          [mx - boom, deck - 0.12],
          [mx - 0.06, deck - 0.1],
          [mx - 0.05, -0.2],
        ],
        3,
      ),
    )
    .part(
      "sail",
      "light",
      smooth(
        [
          [mx + 0.06, top + 0.16],
          [mx + jib * 0.62, 0],
          [mx + jib, deck - 0.1],
          [mx + 0.1, deck - 0.14],
        ],
        3,
      ),
    )
    .part(
      "body",
      "accent",
      smooth(
        [
          [-0.8, deck],
          [0, deck + 0.02],
          [bow, deck - 0.06],
          [bow - 0.22, keel - 0.04],
          [0.2, keel],
          [-0.62, keel - 0.02],
        ],
        4,
      ),
    )
    .part("rim", "light", limb(-0.78, deck + 0.02, bow - 0.06, deck - 0.02, 0.04))
    .part("window", "glass", ellipse(0.34, (deck + keel) / 2 + 0.02, 0.08, 0.08))
    .part("window", "glass", ellipse(-0.02, (deck + keel) / 2 + 0.03, 0.08, 0.08))
    .part("window", "glass", ellipse(-0.38, (deck + keel) / 2 + 0.03, 0.08, 0.08))
    .key("bow", bow - 0.06, deck - 0.01)
    .key("stern", -0.74, deck + 0.04)
    .key("mast top", mx, top + 0.02)
    .key("flag tip", mx - 0.22, top + 0.08)
    .key("boom end", mx - boom * 0.92, deck - 0.14)
    .key("jib corner", mx + jib * 0.9, deck - 0.12)
    .key("front porthole", 0.34, (deck + keel) / 2 + 0.02)
    .key("rear porthole", -0.38, (deck + keel) / 2 + 0.03)
    .key("mast foot", mx, deck + 0.01);
}
