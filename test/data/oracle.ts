/**
 * Answers questions and resolves phrases a second time, from the scene's own parameters and the pixels of its maps; it
 * shares no code with the world beyond the render.
 */
import { parts, type Rendered, type Scene } from "../../kernel/data/world/index.ts";

export interface Thing {
  readonly id: number;
  readonly category: string;
  readonly color: string;
  readonly texture: string;
  readonly scale: number;
  /** Centre of the extent of its pixels. */
  readonly x: number;
  readonly y: number;
  readonly parts: ReadonlySet<number>;
}

const COLORS = "red orange yellow green blue purple pink brown white black".split(" ");
const TEXTURES = ["striped", "spotted", "checked"];
const ENDS: Record<string, (thing: Thing) => number> = {
  leftmost: (t) => -t.x,
  rightmost: (t) => t.x,
  topmost: (t) => -t.y,
  bottommost: (t) => t.y,
  largest: (t) => t.scale,
  smallest: (t) => -t.scale,
};
const SIDES: Record<string, (a: Thing, b: Thing) => boolean> = {
  "left of": (a, b) => a.x < b.x,
  "right of": (a, b) => a.x > b.x,
  above: (a, b) => a.y < b.y,
  below: (a, b) => a.y > b.y,
};

export function look(scene: Scene, image: Rendered): Thing[] {
  return scene.objects.map((object, i) => {
    const at = [...image.instances.keys()].filter((k) => image.instances[k] === i + 1);
    const columns = at.map((k) => k % image.width);
    const rows = at.map((k) => Math.floor(k / image.width));
    return {
      id: i + 1,
      category: object.category,
      color: object.color,
      texture: object.texture.name,
      scale: object.pose.scale,
      x: (Math.min(...columns) + Math.max(...columns)) / 2,
      y: (Math.min(...rows) + Math.max(...rows)) / 2,
      parts: new Set(at.map((k) => image.parts[k])),
    };
  });
}

/** Everything that fits the words, read one word after the other. */
export function meant(phrase: string, things: readonly Thing[]): Thing[] {
  const side = / (left of|right of|above|below) /.exec(phrase);
  if (side) {
    const [head, tail] = [phrase.slice(0, side.index), phrase.slice(side.index + side[0].length)];
    const anchors = meant(tail, things);
    return meant(head, things).filter((a) => anchors.some((b) => a !== b && SIDES[side[1]](a, b)));
  }
  const [head, part] = phrase.split(/ with an? /);
  const words = head.split(" ").slice(1);
  const plain = words.filter((word) => !(word in ENDS));
  const found = things.filter(
    (thing) =>
      (part === undefined || thing.parts.has(parts.indexOf(part as never))) &&
      plain.every((word) => {
        if (COLORS.includes(word)) return thing.color === word;
        if (TEXTURES.includes(word)) return thing.texture === word;
        return word === "object" || thing.category === word;
      }),
  );
  const end = words.find((word) => word in ENDS);
  if (!end) return found;
  const best = Math.max(...found.map(ENDS[end]));
  return found.filter((thing) => ENDS[end](thing) === best);
}

/** The only thing that fits; an error where there are several or none. */
export function theOne(phrase: string, things: readonly Thing[]): Thing {
  const found = meant(phrase, things);
  if (found.length !== 1) throw new Error(`${phrase} means ${found.length} things`);
  return found[0];
}

const singular = (word: string): string =>
  ({ buses: "bus", butterflies: "butterfly", fish: "fish" })[word] ?? word.replace(/s$/, "");
const yes = (value: boolean): string => (value ? "yes" : "no");

/** The answer to a question, from its text. `partNames` are the part types by id. */
export function answer(question: string, things: readonly Thing[], partNames: readonly string[]): string {
  const count = (plural: string): number => things.filter((thing) => thing.category === singular(plural)).length;
  const templates: [RegExp, (...groups: string[]) => string][] = [
    [/^is there an? (.+)\?$/, (what) => yes(meant(`the ${what}`, things).length > 0)],
    [/^how many (\w+) are there\?$/, (what) => String(count(what))],
    [/^what colour is (the .+)\?$/, (what) => theOne(what, things).color],
    [/^what is (the .+)\?$/, (what) => theOne(what, things).category],
    [/^are there more (\w+) than (\w+)\?$/, (a, b) => yes(count(a) > count(b))],
    [
      /^do (the .+) and (the .+) have the same colour\?$/,
      (a, b) => yes(theOne(a, things).color === theOne(b, things).color),
    ],
    [/^does (the .+) have an? (\w+)\?$/, (a, part) => yes(theOne(a, things).parts.has(partNames.indexOf(part)))],
    [/^is (the .+) larger than (the .+)\?$/, (a, b) => yes(theOne(a, things).scale > theOne(b, things).scale)],
    [
      /^is (the .+) (left of|right of|above|below) (the .+)\?$/,
      (a, side, b) => yes(SIDES[side](theOne(a, things), theOne(b, things))),
    ],
  ];
  for (const [pattern, solve] of templates) {
    const found = pattern.exec(question);
    if (found) return solve(...found.slice(1));
  }
  throw new Error(`no template reads ${question}`);
}
