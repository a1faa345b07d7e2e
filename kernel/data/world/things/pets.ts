import { ellipse, limb, smooth, tube } from "../scenes/geometry";
import { Sketch, type Figure, type Param } from "./sketch";

/** Cat in side view with the face towards the viewer, facing right. */
export function cat(p: Param): Figure {
  const len = p("body", 0.5, 0.66);
  const h = p("height", 0.2, 0.3);
  const leg = p("leg", 0.3, 0.5);
  const r = p("head", 0.26, 0.34);
  const hx = len - 0.02;
  const hy = p("headLift", -0.52, -0.34);
  const ear = p("ear", 0.18, 0.32);
  const tail = p("tail", 0.35, 0.75);
  const curl = p("curl", -0.25, 0.12);
  const foot = h + leg;
  const paw = (x: number): ReturnType<typeof limb> => limb(x, h * 0.3, x + 0.03, foot, 0.1, 0.075);
  return new Sketch()
    .part(
      "tail",
      "body",
      tube(
        [
          [-len + 0.08, -0.05],
          [-len - 0.22, -0.16],
          [-len - 0.3, -tail * 0.6],
          [-len - 0.3 + curl, -tail],
        ],
        0.075,
        0.06,
      ),
    )
    .part("leg", "shade", paw(len * 0.55))
    .part("leg", "shade", paw(-len * 0.62))
    .part(
      "body",
      "body",
      smooth([
        [-len, -0.02],
        [-len * 0.6, -h],
        [0.1, -h * 0.86],
        [len, -h * 1.1],
        [len + 0.06, h * 0.4],
        [0.1, h * 0.84],
        [-len * 0.7, h],
      ]),
    )
    .part("leg", "body", paw(len * 0.82))
    .part("leg", "body", paw(-len * 0.88))
    .part("ear", "body", [
      [hx - r * 0.92, hy - r * 0.3],
      [hx - r * 0.78, hy - r - ear],
      [hx - r * 0.05, hy - r * 0.8],
    ])
    .part("ear", "body", [
      [hx + r * 0.05, hy - r * 0.8],
      [hx + r * 0.78, hy - r - ear],
      [hx + r * 0.92, hy - r * 0.3],
    ])
    .part("head", "body", ellipse(hx, hy, r * 1.06, r * 0.94))
    .part("mouth", "light", ellipse(hx + r * 0.14, hy + r * 0.42, r * 0.5, r * 0.34))
    .part("eye", "lamp", ellipse(hx - r * 0.3, hy - r * 0.12, 0.075, 0.085))
    .part("eye", "lamp", ellipse(hx + r * 0.48, hy - r * 0.12, 0.075, 0.085))
    .part("eye", "dark", ellipse(hx - r * 0.28, hy - r * 0.12, 0.03, 0.07))
    .part("eye", "dark", ellipse(hx + r * 0.5, hy - r * 0.12, 0.03, 0.07))
    .part(
      "nose",
      "accent",
      smooth(
        [
          [hx + r * 0.02, hy + r * 0.2],
          [hx + r * 0.28, hy + r * 0.2],
          [hx + r * 0.15, hy + r * 0.4],
        ],
        3,
      ),
    )
    .key("nose", hx + r * 0.15, hy + r * 0.27)
    .key("rear eye", hx - r * 0.29, hy - r * 0.12)
    .key("front eye", hx + r * 0.49, hy - r * 0.12)
    .key("rear ear", hx - r * 0.73, hy - r - ear * 0.66)
    .key("front ear", hx + r * 0.73, hy - r - ear * 0.66)
    .key("tail base", -len + 0.03, -0.04)
    .key("tail tip", -len - 0.3 + curl * 0.94, -tail * 0.94)
    .key("front paw", len * 0.82 + 0.03, foot)
    .key("hind paw", -len * 0.88 + 0.03, foot)
    .key("back", 0, -h * 0.76);
}

/** Dog in side view, facing right, with a long snout and a hanging ear. */
export function dog(p: Param): Figure {
  const len = p("body", 0.46, 0.64);
  const h = p("height", 0.2, 0.28);
  const leg = p("leg", 0.34, 0.62);
  const [hx, hy] = [len + 0.1, p("headLift", -0.66, -0.46)];
  const snout = p("snout", 0.26, 0.46);
  const ear = p("ear", 0.28, 0.48);
  const tail = p("tail", 0.26, 0.5);
  const up = p("wag", 0.1, 0.42);
  const foot = h + leg;
  const paw = (x: number): ReturnType<typeof limb> => limb(x, h * 0.2, x, foot, 0.115, 0.07);
  return new Sketch()
    .part("tail", "body", limb(-len + 0.06, -h * 0.5, -len - tail, -h * 0.5 - up, 0.075, 0.045))
    .part("leg", "shade", paw(len * 0.6))
    .part("leg", "shade", paw(-len * 0.58))
    .part(
      "body",
      "body",
      smooth([
        [-len, -h * 0.4],
        [-len * 0.6, -h],
        [0.1, -h * 0.85],
        [len, -h],
        [len + 0.08, h * 0.3],
        [0.15, h * 0.95],
        [-0.2, h * 0.6],
        [-len * 0.8, h * 0.8],
      ]),
    )
    .part("leg", "body", paw(len * 0.88))
    .part("leg", "body", paw(-len * 0.84))
    .part("body", "body", limb(len - 0.05, -0.05, hx - 0.02, hy + 0.06, 0.21, 0.18))
    .part("collar", "accent", limb(len - 0.16, hy * 0.36 - 0.1, hx + 0.2, hy * 0.3 + 0.06, 0.055))
    .part(
      "head",
      "body",
      smooth([
        [hx - 0.24, hy - 0.02],
        [hx - 0.12, hy - 0.24],
        [hx + 0.12, hy - 0.24],
        [hx + 0.26, hy - 0.08],
        [hx + 0.2 + snout, hy + 0.0],
        [hx + 0.2 + snout, hy + 0.17],
        [hx + 0.14, hy + 0.24],
        [hx - 0.14, hy + 0.2],
      ]),
    )
    .part("mouth", "dark", limb(hx + 0.18, hy + 0.16, hx + 0.14 + snout, hy + 0.12, 0.02))
    .part("nose", "dark", ellipse(hx + 0.2 + snout, hy + 0.02, 0.075, 0.065))
    .part(
      "ear",
      "accent",
      smooth([
        [hx - 0.16, hy - 0.2],
        [hx + 0.02, hy - 0.16],
        [hx - 0.02, hy + ear * 0.5],
        [hx - 0.16, hy + ear - 0.12],
        [hx - 0.26, hy + ear * 0.4],
      ]),
    )
    .part("eye", "light", ellipse(hx + 0.14, hy - 0.09, 0.065, 0.065))
    .part("eye", "dark", ellipse(hx + 0.155, hy - 0.09, 0.042, 0.042))
    .key("nose", hx + 0.2 + snout, hy + 0.02)
    .key("eye", hx + 0.15, hy - 0.09)
    .key("ear tip", hx - 0.15, hy + ear - 0.19)
    .key("crown", hx - 0.02, hy - 0.21)
    .key("collar", (len + hx) / 2 + 0.02, hy * 0.33 - 0.02)
    .key("tail base", -len + 0.04, -h * 0.5)
    .key("tail tip", -len - tail * 0.94, -h * 0.5 - up * 0.95)
    .key("front paw", len * 0.88, foot)
    .key("hind paw", -len * 0.84, foot)
    .key("back", 0, -h * 0.74);
}
