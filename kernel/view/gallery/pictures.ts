import { decodeImage, type ImageInput, type RawImage } from "../../data/image";
import { append } from "../../numeric/order";
import { existsSync } from "../../platform/files";
import { resolve } from "../../platform/path";
import { ViewError } from "../../protocol/core/error";
import { encodeJpeg } from "../draw/pictures";

/** Place of the pictures of a folder of features: a folder, or a function that gives the picture of a path. */
export type PictureRoot = string | ((path: string) => ImageInput | Promise<ImageInput>);

/** A small file, or the reason why there is none. */
export type SmallPicture = { file: Uint8Array; raw: { width: number; height: number } } | { reason: string };

/** Longest side of a small picture, and of one whose patches are pointed at. */
export const [THUMB_SIDE, LARGE_SIDE]: readonly [number, number] = [112, 448];
const [THUMB_QUALITY, LARGE_QUALITY] = [72, 82];
/** Small pictures that are kept, in the order of their use. */
const MOST_KEPT = 4000;
/** Pictures that are decoded at once. */
const TOGETHER = 4;

/** The pictures of a gallery, decoded when they are asked for. */
export class GalleryPictures {
  private readonly kept = new Map<number, SmallPicture>();

  constructor(
    private readonly where: string,
    private readonly paths: readonly string[],
    private readonly root: PictureRoot | undefined,
  ) {}

  /** A picture's pixels. Rejects where it cannot be read. */
  async decode(index: number): Promise<RawImage> {
    const path = this.paths[index];
    const { root } = this;
    if (root === undefined && !existsSync(path))
      throw new ViewError(
        this.where,
        "a picture must be at its path, or pictures: must name the folder of the paths",
        path,
      );
    const input = typeof root === "function" ? await root(path) : root === undefined ? path : resolve(root, path);
    return decodeImage(input, { fn: this.where });
  }

  async thumb(index: number): Promise<SmallPicture> {
    const known = this.kept.get(index);
    if (known) return known;
    const made = await this.encode(index, THUMB_SIDE, THUMB_QUALITY);
    this.kept.set(index, made);
    const [oldest] = this.kept.keys();
    if (this.kept.size > MOST_KEPT) this.kept.delete(oldest);
    return made;
  }

  /** Some small pictures, a few at a time: decoded pictures are large. */
  async thumbs(indices: readonly number[]): Promise<SmallPicture[]> {
    const all: SmallPicture[] = [];
    for (let at = 0; at < indices.length; at += TOGETHER)
      append(all, await Promise.all(indices.slice(at, at + TOGETHER).map((index) => this.thumb(index))));
    return all;
  }

  large(index: number): Promise<SmallPicture> {
    return this.encode(index, LARGE_SIDE, LARGE_QUALITY);
  }

  private async encode(index: number, side: number, quality: number): Promise<SmallPicture> {
    try {
      const raw = await this.decode(index);
      const { width, height } = raw;
      return { file: await encodeJpeg(raw, side, quality), raw: { width, height } };
    } catch (error) {
      return { reason: (error instanceof Error ? error.message : String(error)).slice(0, 300) };
    }
  }
}
