import type { Box } from "../../contracts/geometry";
import { describeValue } from "../../rules/rule-error";
import { ReferError } from "./error";
import type { ReferImage } from "./expression";
import { isRecord } from "../../rules/json-text";

/** Names the function and file of complaints, and collects those that are skipped. */
export class ReferChecker {
  readonly problems: ReferError[] = [];

  constructor(
    private readonly fn: string,
    readonly file: string,
    private readonly skip: boolean,
  ) {}

  /** Throws a complaint. */
  refuse(rule: string, value: unknown): never {
    throw new ReferError(this.fn, this.file, rule, value);
  }

  /** Returns what is made of each item; one that is refused is left out where complaints are skipped. */
  each<T, R>(items: readonly T[], make: (item: T, index: number) => R[]): R[] {
    const made: R[] = [];
    items.forEach((item, index) => {
      try {
        for (const one of make(item, index)) made.push(one);
      } catch (error) {
        if (!this.skip || !(error instanceof ReferError)) throw error;
        this.problems.push(error);
      }
    });
    return made;
  }

  list(value: unknown, what: string): unknown[] {
    return Array.isArray(value) ? (value as unknown[]) : this.refuse(`${what} must be a list`, value);
  }

  record(value: unknown, what: string): Record<string, unknown> {
    if (isRecord(value)) return value as Record<string, unknown>;
    return this.refuse(`${what} must be an object`, value);
  }

  whole(value: unknown, what: string): number {
    return Number.isSafeInteger(value) ? (value as number) : this.refuse(`${what} must be a whole number`, value);
  }

  phrase(value: unknown, what: string): string {
    if (typeof value === "string" && value.trim() !== "") return value;
    return this.refuse(`${what} must be a text that is not empty`, value);
  }

  /** Checks the name of a split, which becomes part of names of files. */
  split(value: unknown, what: string): string {
    if (typeof value === "string" && /^[\w-]+$/.test(value)) return value;
    return this.refuse(`${what} must be a word`, value);
  }

  /** Checks a picture; its name must not lead out of a folder. */
  image(id: unknown, fileName: unknown, width: unknown, height: unknown): ReferImage {
    const what = `image ${describeValue(id)}`;
    if (typeof fileName !== "string" || !/^[^/\\\0]+$/.test(fileName) || /^\.\.?$/.test(fileName))
      this.refuse(`file_name of ${what} must be a name without a folder`, fileName);
    const sides = [width, height].map((side) => this.whole(side, `a side of ${what}`));
    if (!sides.every((side) => side > 0)) this.refuse(`sides of ${what} must be above 0`, sides);
    return { id: this.whole(id, "the id of an image"), fileName, width: sides[0], height: sides[1] };
  }

  /** Reads COCO's `[x, y, width, height]`. */
  box(value: unknown, image: ReferImage, what: string): Box {
    const [x, y, width, height] = this.four(value, what);
    return this.cut([x, y, x + width, y + height], image, what, value);
  }

  /** Checks corners. */
  corners(value: unknown, image: ReferImage, what: string): Box {
    return this.cut(this.four(value, what), image, what, value);
  }

  private four(value: unknown, what: string): Box {
    const isBox = Array.isArray(value) && value.length === 4 && value.every((one) => Number.isFinite(one));
    return isBox ? (value as unknown as Box) : this.refuse(`the box of ${what} must be four finite numbers`, value);
  }

  /** Returns the part of a box in its picture: a pixel beyond the edge, which real files have by rounding, is cut. */
  private cut([left, top, right, bottom]: Box, { width, height }: ReferImage, what: string, value: unknown): Box {
    if (!(right > left && bottom > top)) this.refuse(`the box of ${what} must have an area`, value);
    if (left < -1 || top < -1 || right > width + 1 || bottom > height + 1)
      this.refuse(`the box of ${what} must lie in its picture of ${width} x ${height}`, value);
    const cut: Box = [Math.max(0, left), Math.max(0, top), Math.min(width, right), Math.min(height, bottom)];
    if (!(cut[2] > cut[0] && cut[3] > cut[1]))
      this.refuse(`the box of ${what} must have an area in its picture`, value);
    return cut;
  }
}

/** Returns COCO's `[x, y, width, height]` of corners. */
export const cocoBox = ([left, top, right, bottom]: Box): number[] => [left, top, right - left, bottom - top];

/** Returns the number of pixels in a box. */
export const areaOfBox = ([left, top, right, bottom]: Box): number => (right - left) * (bottom - top);
