import { ellipse, limb, smooth } from "../scenes/geometry";
import { Sketch, type Figure, type Param } from "./sketch";

/** Fish in side view, facing right. */
export function fish(p: Param): Figure {
  const h = p("height", 0.34, 0.58);
  const back = -0.5;
  const tail = p("tail", 0.3, 0.55);
  const fin = p("fin", 0.2, 0.42);
  const side = p("side", -0.05, 0.2);
  return new Sketch()
    .part(
      "tail",
      "accent",
      smooth([
        [back + 0.08, -0.05],
        [-0.98, -tail],
        [-0.86, 0],
        [-0.98, tail],
        [back + 0.08, 0.05],
      ]),
    )
    .part(
      "fin",
      "accent",
      smooth([
        [-0.28, -h * 0.75],
        [-0.12, -h - fin],
        [0.22, -h - fin * 0.5],
        [0.38, -h * 0.7],
      ]),
    )
    .part(
      "fin",
      "accent",
      smooth([
        [-0.18, h * 0.78],
        [-0.24, h + fin * 0.8],
        [0.02, h + fin * 0.4],
        [0.14, h * 0.8],
      ]),
    )
    .part(
      "body",
      "body",
      smooth([
        [back - 0.08, 0],
        [-0.2, -h * 0.86],
        [0.25, -h],
        [0.68, -h * 0.68],
        [0.97, 0],
        [0.68, h * 0.68],
        [0.25, h],
        [-0.2, h * 0.86],
      ]),
    )
    .part(
      "head",
      "shade",
      smooth([
        [0.56, -h * 0.82],
        [0.76, -h * 0.58],
        [0.97, 0],
        [0.76, h * 0.58],
        [0.56, h * 0.8],
        [0.44, 0],
      ]),
    )
    .part(
      "fin",
      "accent",
      smooth([
        [side + 0.24, 0],
        [side - 0.14, 0.02],
        [side - 0.22, 0.26],
        [side + 0.1, 0.2],
      ]),
    )
    .part("mouth", "dark", limb(0.8, 0.14, 0.92, 0.08, 0.025))
    .part("eye", "light", ellipse(0.7, -h * 0.28, 0.11, 0.11))
    .part("eye", "dark", ellipse(0.72, -h * 0.28, 0.055, 0.055))
    .key("mouth", 0.9, 0.07)
    .key("eye", 0.71, -h * 0.28)
    .key("gill", 0.47, 0)
    .key("top fin", -0.06, -h - fin * 0.78)
    .key("belly fin", -0.18, h + fin * 0.6)
    .key("side fin", side - 0.15, 0.2)
    .key("tail top", -0.93, -tail * 0.86)
    .key("tail bottom", -0.93, tail * 0.86)
    .key("tail base", back, 0);
}

/** Bird in side view, standing, facing right. */
export function bird(p: Param): Figure {
  const len = p("body", 0.42, 0.58);
  const h = p("plump", 0.3, 0.42);
  const hy = p("neck", -0.62, -0.46);
  const r = p("head", 0.2, 0.28);
  const beak = p("beak", 0.2, 0.4);
  const tail = p("tail", 0.36, 0.56);
  const tailY = p("tailLift", -0.2, 0.16);
  const leg = p("leg", 0.32, 0.56);
  const wing = p("wing", 0.34, 0.52);
  const [fx, bx] = [0.14, -0.08];
  const foot = h + leg;
  return new Sketch()
    .part("leg", "metal", limb(bx, h * 0.7, bx - 0.04, foot, 0.04))
    .part("leg", "metal", limb(bx - 0.04, foot, bx + 0.12, foot, 0.035))
    .part(
      "tail",
      "shade",
      smooth([
        [-len * 0.7, -0.1],
        [-len - tail, tailY - 0.1],
        [-len - tail * 1.02, tailY + 0.1],
        [-len * 0.6, 0.16],
      ]),
    )
    .part(
      "body",
      "body",
      smooth([
        [-len, 0],
        [-len * 0.4, -h * 0.85],
        [0.2, -h],
        [len, -h * 0.5],
        [len * 0.95, h * 0.35],
        [0.15, h],
        [-len * 0.6, h * 0.6],
      ]),
    )
    .part("leg", "metal", limb(fx, h * 0.7, fx - 0.02, foot, 0.04))
    .part("leg", "metal", limb(fx - 0.02, foot, fx + 0.14, foot, 0.035))
    .part(
      "beak",
      "lamp",
      smooth(
        [
          [0.5 + r * 0.7, hy - 0.09],
          [0.5 + r + beak, hy + 0.05],
          [0.5 + r * 0.7, hy + 0.12],
        ],
        3,
      ),
    )
    .part("head", "body", ellipse(0.48, hy, r, r * 0.95))
    .part(
      "body",
      "body",
      smooth([
        [0.3, hy + r * 0.6],
        [0.62, hy + r * 0.6],
        [len * 0.98, 0],
        [0.1, -h * 0.6],
      ]),
    )
    .part(
      "wing",
      "accent",
      smooth([
        [0.3, -h * 0.35],
        [-0.1, -h * 0.55],
        [-wing - 0.2, 0.04],
        [-wing * 0.6, h * 0.42],
        [0.12, h * 0.38],
      ]),
    )
    .part("eye", "light", ellipse(0.54, hy - 0.04, 0.075, 0.075))
    .part("eye", "dark", ellipse(0.555, hy - 0.04, 0.045, 0.045))
    .key("beak tip", 0.5 + r + beak * 0.84, hy + 0.045)
    .key("eye", 0.545, hy - 0.04)
    .key("crown", 0.46, hy - r * 0.84)
    .key("chest", len * 0.88, 0.02)
    .key("wing shoulder", 0.22, -h * 0.26)
    .key("wing tip", -wing - 0.12, 0.05)
    .key("tail tip", -len - tail * 0.94, tailY)
    .key("front foot", fx + 0.1, foot)
    .key("back foot", bx + 0.08, foot);
}

/** Turtle in side view, facing right. */
export function turtle(p: Param): Figure {
  const w = p("shell", 0.56, 0.7);
  const h = p("dome", 0.42, 0.72);
  const neck = p("neck", 0.16, 0.34);
  const hy = p("headLift", -0.28, 0.06);
  const leg = p("leg", 0.22, 0.4);
  const tail = p("tail", 0.14, 0.3);
  const hx = w + neck;
  const foot = 0.2 + leg;
  const plate = (x: number, y: number, s: number): ReturnType<typeof ellipse> => ellipse(x, y, s, s * 0.86, 0, 6);
  return new Sketch()
    .part(
      "tail",
      "accent",
      smooth(
        [
          [-w + 0.1, 0.08],
          [-w - tail, 0.26],
          [-w + 0.12, 0.26],
        ],
        4,
      ),
    )
    .part("head", "accent", limb(w - 0.14, 0.12, hx, hy, 0.12, 0.11))
    .part("head", "accent", ellipse(hx + 0.06, hy, 0.19, 0.15))
    .part("leg", "accent", limb(w * 0.56, 0.1, w * 0.64, foot, 0.15, 0.12))
    .part("leg", "accent", limb(-w * 0.56, 0.1, -w * 0.62, foot, 0.15, 0.12))
    .part(
      "shell",
      "body",
      smooth([
        [-w, 0.22],
        [-w * 0.9, -h * 0.4],
        [-w * 0.4, -h * 0.92],
        [w * 0.3, -h * 0.95],
        [w * 0.86, -h * 0.4],
        [w, 0.22],
        [0, 0.3],
      ]),
    )
    .part("emblem", "shade", plate(0, -h * 0.42, 0.2))
    .part("emblem", "shade", plate(-w * 0.55, -h * 0.14, 0.15))
    .part("emblem", "shade", plate(w * 0.55, -h * 0.14, 0.15))
    .part(
      "rim",
      "shade",
      smooth([
        [-w - 0.06, 0.2],
        [-w * 0.5, 0.2],
        [w * 0.5, 0.2],
        [w + 0.06, 0.2],
        [w * 0.7, 0.33],
        [-w * 0.7, 0.33],
      ]),
    )
    .part("mouth", "dark", limb(hx + 0.12, hy + 0.07, hx + 0.21, hy + 0.05, 0.018))
    .part("eye", "light", ellipse(hx + 0.1, hy - 0.05, 0.06, 0.06))
    .part("eye", "dark", ellipse(hx + 0.115, hy - 0.05, 0.035, 0.035))
    .key("nose", hx + 0.2, hy)
    .key("eye", hx + 0.105, hy - 0.05)
    .key("shell top", -0.03, -h * 0.88)
    .key("shell front", w - 0.02, 0.22)
    .key("shell back", -w + 0.02, 0.22)
    .key("centre plate", 0, -h * 0.42)
    .key("front plate", w * 0.55, -h * 0.14)
    .key("front foot", w * 0.64, foot)
    .key("hind foot", -w * 0.62, foot)
    .key("tail tip", -w - tail * 0.75, 0.245);
}

/** Butterfly from above, head up. Left and right are named in the image frame, so it is never mirrored. */
export function butterfly(p: Param): Figure {
  const w = p("span", 0.7, 0.95);
  const up = p("upper", 0.55, 0.8);
  const low = p("lower", 0.5, 0.85);
  const lw = p("lowerSpan", 0.42, 0.68);
  const feeler = p("antenna", 0.24, 0.42);
  const spot = p("spot", 0.09, 0.16);
  const sketch = new Sketch();
  for (const s of [-1, 1]) {
    sketch
      .part(
        "wing",
        "accent",
        smooth([
          [s * 0.05, 0],
          [s * lw * 0.8, 0.05],
          [s * lw, low * 0.55],
          [s * lw * 0.6, low],
          [s * 0.1, 0.35],
        ]),
      )
      .part(
        "wing",
        "body",
        smooth([
          [s * 0.05, -0.2],
          [s * w * 0.6, -up],
          [s * w, -up * 0.86],
          [s * w * 0.9, -0.1],
          [s * w * 0.5, 0.14],
          [s * 0.05, 0.1],
        ]),
      )
      .part("emblem", "light", ellipse(s * w * 0.68, -up * 0.5, spot, spot))
      .part("emblem", "dark", ellipse(s * lw * 0.64, low * 0.5, spot * 0.8, spot * 0.8))
      .part("antenna", "dark", limb(s * 0.05, -0.4, s * 0.26, -0.42 - feeler, 0.022))
      .part("antenna", "dark", ellipse(s * 0.26, -0.42 - feeler, 0.055, 0.055));
  }
  return sketch
    .part("body", "dark", ellipse(0, 0.1, 0.085, 0.46))
    .part("head", "dark", ellipse(0, -0.36, 0.115, 0.115))
    .key("left upper wing", -w * 0.88, -up * 0.78)
    .key("right upper wing", w * 0.88, -up * 0.78)
    .key("left lower wing", -lw * 0.62, low * 0.9)
    .key("right lower wing", lw * 0.62, low * 0.9)
    .key("left antenna", -0.26, -0.42 - feeler)
    .key("right antenna", 0.26, -0.42 - feeler)
    .key("left spot", -w * 0.68, -up * 0.5)
    .key("right spot", w * 0.68, -up * 0.5)
    .key("head", 0, -0.36)
    .key("abdomen tip", 0, 0.5);
}
